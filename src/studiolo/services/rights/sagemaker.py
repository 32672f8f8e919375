"""What the operations of Amazon SageMaker need, its runtime's too.

After "Actions, resources, and condition keys for Amazon SageMaker" (Service Authorization Reference). `iam:PassRole` is
asked for where the role is passed.
"""

from collections.abc import Mapping, Sequence

from studiolo.domain import DomainError
from studiolo.services.call import Call
from studiolo.services.rights import (
    sagemaker_experiments,
    sagemaker_features,
    sagemaker_mlflow,
    sagemaker_monitoring,
    sagemaker_pipelines,
    sagemaker_studio,
)
from studiolo.services.rights.rows import Parameters, Rights, conditions, table

TABLE = """
    AddAssociation                      ={SourceArn}  ={DestinationArn}
    AddTags                             ={ResourceArn}
    BatchDescribeModelPackage           ={ModelPackageArnList[]}
    CreateAction                        action/{ActionName}
    CreateAction?Tags                   @sagemaker:AddTags  action/{ActionName}
    CreateArtifact                      artifact/*
    CreateArtifact?Tags                 @sagemaker:AddTags  artifact/*
    CreateContext                       context/{ContextName}
    CreateContext?Tags                  @sagemaker:AddTags  context/{ContextName}
    CreateCompilationJob                compilation-job/{CompilationJobName}
    CreateCompilationJob?Tags           @sagemaker:AddTags  compilation-job/{CompilationJobName}
    CreateEndpoint                      endpoint/{EndpointName}  endpoint-config/{EndpointConfigName}
    CreateEndpoint?Tags                 @sagemaker:AddTags  endpoint/{EndpointName}
    CreateEndpointConfig                endpoint-config/{EndpointConfigName}
    CreateEndpointConfig?Tags           @sagemaker:AddTags  endpoint-config/{EndpointConfigName}
    CreateHyperParameterTuningJob       hyper-parameter-tuning-job/{HyperParameterTuningJobName}
    CreateHyperParameterTuningJob?Tags  @sagemaker:AddTags  hyper-parameter-tuning-job/{HyperParameterTuningJobName}
    CreateInferenceComponent            inference-component/{InferenceComponentName}  endpoint/{EndpointName}
    CreateInferenceComponent?Tags       @sagemaker:AddTags  inference-component/{InferenceComponentName}
    CreateModel                         model/{ModelName}
    CreateModel?Tags                    @sagemaker:AddTags  model/{ModelName}
    CreateModelCard                     model-card/{ModelCardName}
    CreateModelCard?Tags                @sagemaker:AddTags  model-card/{ModelCardName}
    CreateModelPackage                  model-package/{ModelPackageName||ModelPackageGroupName}  model-package-group/{ModelPackageGroupName}
    CreateModelPackage?Tags             @sagemaker:AddTags  model-package/{ModelPackageName||ModelPackageGroupName}
    CreateModelPackageGroup             model-package-group/{ModelPackageGroupName}
    CreateModelPackageGroup?Tags        @sagemaker:AddTags  model-package-group/{ModelPackageGroupName}
    CreateProcessingJob                 processing-job/{ProcessingJobName}
    CreateProcessingJob?Tags            @sagemaker:AddTags  processing-job/{ProcessingJobName}
    CreateProject                       project/{ProjectName}
    CreateProject?Tags                  @sagemaker:AddTags  project/{ProjectName}
    CreateTrainingJob                   training-job/{TrainingJobName}
    CreateTrainingJob?Tags              @sagemaker:AddTags  training-job/{TrainingJobName}
    CreateTransformJob                  transform-job/{TransformJobName}
    CreateTransformJob?Tags             @sagemaker:AddTags  transform-job/{TransformJobName}
    DeleteAction                        action/{ActionName}
    DeleteArtifact                      ={ArtifactArn}
    DeleteAssociation                   ={SourceArn}  ={DestinationArn}
    DeleteCompilationJob                compilation-job/{CompilationJobName}
    DeleteContext                       context/{ContextName}
    DeleteEndpoint                      endpoint/{EndpointName}
    DeleteEndpointConfig                endpoint-config/{EndpointConfigName}
    DeleteHyperParameterTuningJob       hyper-parameter-tuning-job/{HyperParameterTuningJobName}
    DeleteInferenceComponent            inference-component/{InferenceComponentName}
    DeleteModel                         model/{ModelName}
    DeleteModelCard                     model-card/{ModelCardName}
    DeleteModelPackage                  model-package/{ModelPackageName}
    DeleteModelPackageGroup             model-package-group/{ModelPackageGroupName}
    DeleteModelPackageGroupPolicy       model-package-group/{ModelPackageGroupName}
    DeleteProcessingJob                 processing-job/{ProcessingJobName}
    DeleteProject                       project/{ProjectName}
    DeleteTags                          ={ResourceArn}
    DeleteTrainingJob                   training-job/{TrainingJobName}
    DescribeAction                      action/{ActionName}
    DescribeArtifact                    ={ArtifactArn}
    DescribeCompilationJob              compilation-job/{CompilationJobName}
    DescribeContext                     context/{ContextName}
    DescribeEndpoint                    endpoint/{EndpointName}
    DescribeEndpointConfig              endpoint-config/{EndpointConfigName}
    DescribeHyperParameterTuningJob     hyper-parameter-tuning-job/{HyperParameterTuningJobName}
    DescribeInferenceComponent          inference-component/{InferenceComponentName}
    DescribeModel                       model/{ModelName}
    DescribeModelCard                   model-card/{ModelCardName}
    DescribeModelPackage                model-package/{ModelPackageName}
    DescribeModelPackageGroup           model-package-group/{ModelPackageGroupName}
    DescribeProcessingJob               processing-job/{ProcessingJobName}
    DescribeProject                     project/{ProjectName}
    DescribeTrainingJob                 training-job/{TrainingJobName}
    DisableSagemakerServicecatalogPortfolio    *
    EnableSagemakerServicecatalogPortfolio     *
    GetSagemakerServicecatalogPortfolioStatus  *
    DescribeTransformJob                transform-job/{TransformJobName}
    GetModelPackageGroupPolicy          model-package-group/{ModelPackageGroupName}
    GetSearchSuggestions                *
    InvokeEndpoint                      endpoint/{EndpointName}
    InvokeEndpointAsync                 endpoint/{EndpointName}
    InvokeEndpointWithResponseStream    @sagemaker:InvokeEndpointWithResponseStream  endpoint/{EndpointName}
    ListActions                         *
    ListArtifacts                       *
    ListAssociations                    *
    ListCompilationJobs                 *
    ListContexts                        *
    ListEndpointConfigs                 *
    ListEndpoints                       *
    ListHyperParameterTuningJobs        *
    ListInferenceComponents             *
    ListModelCardVersions               model-card/{ModelCardName}
    ListModelCards                      *
    ListModelPackageGroups              *
    ListModelPackages                   model-package-group/{ModelPackageGroupName:*}
    ListModels                          *
    ListProcessingJobs                  *
    ListProjects                        *
    ListTags                            ={ResourceArn}
    ListTrainingJobs                    *
    ListTrainingJobsForHyperParameterTuningJob  hyper-parameter-tuning-job/{HyperParameterTuningJobName}
    ListTransformJobs                   *
    PutModelPackageGroupPolicy          model-package-group/{ModelPackageGroupName}
    QueryLineage                        *
    Search                              *
    StopCompilationJob                  compilation-job/{CompilationJobName}
    StopHyperParameterTuningJob         hyper-parameter-tuning-job/{HyperParameterTuningJobName}
    StopProcessingJob                   processing-job/{ProcessingJobName}
    StopTrainingJob                     training-job/{TrainingJobName}
    StopTransformJob                    transform-job/{TransformJobName}
    UpdateAction                        action/{ActionName}
    UpdateArtifact                      ={ArtifactArn}
    UpdateContext                       context/{ContextName}
    UpdateEndpoint                      endpoint/{EndpointName}  endpoint-config/{EndpointConfigName}
    UpdateEndpointWeightsAndCapacities  endpoint/{EndpointName}
    UpdateInferenceComponent            inference-component/{InferenceComponentName}
    UpdateInferenceComponentRuntimeConfig  inference-component/{InferenceComponentName}
    UpdateProject                       project/{ProjectName}
    UpdateModelCard                     model-card/{ModelCardName}
    UpdateModelPackage                  ={ModelPackageArn}
    UpdateTrainingJob                   training-job/{TrainingJobName}
"""  # noqa: E501 (a table)

KEYS = """
    CreateEndpointConfig           sagemaker:AcceleratorTypes                  ProductionVariants[].AcceleratorType
    CreateEndpointConfig           sagemaker:InstanceTypes                     ProductionVariants[].InstanceType
    CreateEndpointConfig           sagemaker:ServerlessMaxConcurrency          ProductionVariants[0].ServerlessConfig.MaxConcurrency
    CreateEndpointConfig           sagemaker:ServerlessMemorySize              ProductionVariants[0].ServerlessConfig.MemorySizeInMB
    CreateEndpointConfig           sagemaker:VolumeKmsKey                      KmsKeyId
    CreateEndpointConfig,CreateModel,CreateTrainingJob  sagemaker:NetworkIsolation  EnableNetworkIsolation
    CreateEndpointConfig,CreateModel,CreateTrainingJob  sagemaker:VpcSecurityGroupIds  VpcConfig.SecurityGroupIds
    CreateEndpointConfig,CreateModel,CreateTrainingJob  sagemaker:VpcSubnets   VpcConfig.Subnets
    CreateTrainingJob              sagemaker:InstanceTypes                     ResourceConfig.[InstanceType,InstanceGroups[].InstanceType][]
    CreateTrainingJob              sagemaker:InterContainerTrafficEncryption   EnableInterContainerTrafficEncryption
    CreateTrainingJob              sagemaker:KeepAlivePeriod                   ResourceConfig.KeepAlivePeriodInSeconds
    CreateTrainingJob              sagemaker:MaxRuntimeInSeconds               StoppingCondition.MaxRuntimeInSeconds
    CreateTrainingJob              sagemaker:OutputKmsKey                      OutputDataConfig.KmsKeyId
    CreateTrainingJob              sagemaker:VolumeKmsKey                      ResourceConfig.VolumeKmsKeyId
    CreateTransformJob             sagemaker:InstanceTypes                     TransformResources.InstanceType
    CreateTransformJob             sagemaker:OutputKmsKey                      TransformOutput.KmsKeyId
    CreateTransformJob             sagemaker:VolumeKmsKey                      TransformResources.VolumeKmsKeyId
    CreateProcessingJob            sagemaker:InstanceTypes                     ProcessingResources.ClusterConfig.InstanceType
    CreateProcessingJob            sagemaker:InterContainerTrafficEncryption   NetworkConfig.EnableInterContainerTrafficEncryption
    CreateProcessingJob            sagemaker:MaxRuntimeInSeconds               StoppingCondition.MaxRuntimeInSeconds
    CreateProcessingJob            sagemaker:NetworkIsolation                  NetworkConfig.EnableNetworkIsolation
    CreateProcessingJob            sagemaker:OutputKmsKey                      ProcessingOutputConfig.KmsKeyId
    CreateProcessingJob            sagemaker:VolumeKmsKey                      ProcessingResources.ClusterConfig.VolumeKmsKeyId
    CreateProcessingJob            sagemaker:VpcSecurityGroupIds               NetworkConfig.VpcConfig.SecurityGroupIds
    CreateProcessingJob            sagemaker:VpcSubnets                        NetworkConfig.VpcConfig.Subnets
    CreateHyperParameterTuningJob  sagemaker:InstanceTypes                     [TrainingJobDefinition,TrainingJobDefinitions[]][].[ResourceConfig.InstanceType,HyperParameterTuningResourceConfig.InstanceType,HyperParameterTuningResourceConfig.InstanceConfigs[].InstanceType][][]
    CreateHyperParameterTuningJob  sagemaker:InterContainerTrafficEncryption   !contains([TrainingJobDefinition,TrainingJobDefinitions[]][].[EnableInterContainerTrafficEncryption||`false`][],`false`)
    CreateHyperParameterTuningJob  sagemaker:MaxRuntimeInSeconds               [TrainingJobDefinition,TrainingJobDefinitions[]][].StoppingCondition.MaxRuntimeInSeconds|max(@)
    CreateHyperParameterTuningJob  sagemaker:NetworkIsolation                  !contains([TrainingJobDefinition,TrainingJobDefinitions[]][].[EnableNetworkIsolation||`false`][],`false`)
    CreateHyperParameterTuningJob  sagemaker:OutputKmsKey                      [TrainingJobDefinition,TrainingJobDefinitions[]][].OutputDataConfig.KmsKeyId
    CreateHyperParameterTuningJob  sagemaker:VolumeKmsKey                      [TrainingJobDefinition,TrainingJobDefinitions[]][].ResourceConfig.VolumeKmsKeyId
    CreateHyperParameterTuningJob  sagemaker:VpcSecurityGroupIds               [TrainingJobDefinition,TrainingJobDefinitions[]][].VpcConfig.SecurityGroupIds[]
    CreateHyperParameterTuningJob  sagemaker:VpcSubnets                        [TrainingJobDefinition,TrainingJobDefinitions[]][].VpcConfig.Subnets[]
    CreateModelPackage,UpdateModelPackage  sagemaker:ModelApprovalStatus       ModelApprovalStatus
    InvokeEndpoint                 sagemaker:TargetModel                       TargetModel
"""  # noqa: E501 (a table)


def _tags(call: Call, arn: str) -> Mapping[str, str]:
    return call.studio.ml.tags.of(call.scope, arn)


def _names(call: Call, resource: str, _parameters: Parameters) -> Sequence[str]:
    """A resource that is named by its ARN where a name would do, by its name; by a token, what waits for it."""
    kind, _, name = resource.partition("/")
    if kind == "callback":
        try:
            return (call.studio.pipelines.waiting_for(call.scope, name).arn.split(":", 5)[-1],)
        except DomainError:
            return ("pipeline/*",)
    return (f"{kind}/{name.partition(f':{kind}/')[2]}" if name.startswith("arn:") else resource,)


RIGHTS = Rights(
    "sagemaker",
    table(
        "sagemaker",
        TABLE
        + sagemaker_studio.TABLE
        + sagemaker_pipelines.TABLE
        + sagemaker_experiments.TABLE
        + sagemaker_features.TABLE
        + sagemaker_mlflow.TABLE
        + sagemaker_monitoring.TABLE,
    ),
    conditions(KEYS + sagemaker_features.KEYS + sagemaker_studio.KEYS + sagemaker_monitoring.KEYS),
    names=_names,
    tags=_tags,
)
