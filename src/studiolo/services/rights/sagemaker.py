"""What the operations of Amazon SageMaker need, its runtime's too.

After "Actions, resources, and condition keys for Amazon SageMaker" (Service Authorization Reference). `iam:PassRole` is
asked for where the role is passed.
"""

from collections.abc import Mapping

from studiolo.services.call import Call
from studiolo.services.rights import sagemaker_features, sagemaker_studio
from studiolo.services.rights.rows import Rights, conditions, table

TABLE = """
    AddTags                             ={ResourceArn}
    CreateEndpoint                      endpoint/{EndpointName}  endpoint-config/{EndpointConfigName}
    CreateEndpoint?Tags                 @sagemaker:AddTags  endpoint/{EndpointName}
    CreateEndpointConfig                endpoint-config/{EndpointConfigName}
    CreateEndpointConfig?Tags           @sagemaker:AddTags  endpoint-config/{EndpointConfigName}
    CreateHyperParameterTuningJob       hyper-parameter-tuning-job/{HyperParameterTuningJobName}
    CreateHyperParameterTuningJob?Tags  @sagemaker:AddTags  hyper-parameter-tuning-job/{HyperParameterTuningJobName}
    CreateModel                         model/{ModelName}
    CreateModel?Tags                    @sagemaker:AddTags  model/{ModelName}
    CreateProcessingJob                 processing-job/{ProcessingJobName}
    CreateProcessingJob?Tags            @sagemaker:AddTags  processing-job/{ProcessingJobName}
    CreateProject                       project/{ProjectName}
    CreateProject?Tags                  @sagemaker:AddTags  project/{ProjectName}
    CreateTrainingJob                   training-job/{TrainingJobName}
    CreateTrainingJob?Tags              @sagemaker:AddTags  training-job/{TrainingJobName}
    DeleteEndpoint                      endpoint/{EndpointName}
    DeleteEndpointConfig                endpoint-config/{EndpointConfigName}
    DeleteHyperParameterTuningJob       hyper-parameter-tuning-job/{HyperParameterTuningJobName}
    DeleteModel                         model/{ModelName}
    DeleteProcessingJob                 processing-job/{ProcessingJobName}
    DeleteProject                       project/{ProjectName}
    DeleteTags                          ={ResourceArn}
    DeleteTrainingJob                   training-job/{TrainingJobName}
    DescribeEndpoint                    endpoint/{EndpointName}
    DescribeEndpointConfig              endpoint-config/{EndpointConfigName}
    DescribeHyperParameterTuningJob     hyper-parameter-tuning-job/{HyperParameterTuningJobName}
    DescribeModel                       model/{ModelName}
    DescribeProcessingJob               processing-job/{ProcessingJobName}
    DescribeProject                     project/{ProjectName}
    DescribeTrainingJob                 training-job/{TrainingJobName}
    DisableSagemakerServicecatalogPortfolio    *
    EnableSagemakerServicecatalogPortfolio     *
    GetSagemakerServicecatalogPortfolioStatus  *
    InvokeEndpoint                      endpoint/{EndpointName}
    ListEndpointConfigs                 *
    ListEndpoints                       *
    ListHyperParameterTuningJobs        *
    ListModels                          *
    ListProcessingJobs                  *
    ListProjects                        *
    ListTags                            ={ResourceArn}
    ListTrainingJobs                    *
    ListTrainingJobsForHyperParameterTuningJob  hyper-parameter-tuning-job/{HyperParameterTuningJobName}
    StopHyperParameterTuningJob         hyper-parameter-tuning-job/{HyperParameterTuningJobName}
    StopProcessingJob                   processing-job/{ProcessingJobName}
    StopTrainingJob                     training-job/{TrainingJobName}
    UpdateEndpoint                      endpoint/{EndpointName}  endpoint-config/{EndpointConfigName}
    UpdateEndpointWeightsAndCapacities  endpoint/{EndpointName}
    UpdateProject                       project/{ProjectName}
    UpdateTrainingJob                   training-job/{TrainingJobName}
"""

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
    InvokeEndpoint                 sagemaker:TargetModel                       TargetModel
"""  # noqa: E501 (a table)


def _tags(call: Call, arn: str) -> Mapping[str, str]:
    return call.studio.ml.tags.of(call.scope, arn)


RIGHTS = Rights(
    "sagemaker",
    table("sagemaker", TABLE + sagemaker_studio.TABLE + sagemaker_features.TABLE),
    conditions(KEYS + sagemaker_features.KEYS),
    sagemaker_features.names,
    tags=_tags,
)
