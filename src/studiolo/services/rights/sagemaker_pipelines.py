"""What the operations of SageMaker Pipelines need, after the same reference as SageMaker's others."""

TABLE = """
    CreatePipeline                          pipeline/{PipelineName}
    CreatePipeline?Tags                     @sagemaker:AddTags  pipeline/{PipelineName}
    DeletePipeline                          pipeline/{PipelineName}
    DescribePipeline                        pipeline/{PipelineName}
    DescribePipelineDefinitionForExecution  ={PipelineExecutionArn}
    DescribePipelineExecution               ={PipelineExecutionArn}
    ListPipelineExecutions                  pipeline/{PipelineName}
    ListPipelineExecutionSteps              ={PipelineExecutionArn}
    ListPipelineParametersForExecution      ={PipelineExecutionArn}
    ListPipelineVersions                    pipeline/{PipelineName}
    ListPipelines                           *
    RetryPipelineExecution                  ={PipelineExecutionArn}
    SendPipelineExecutionStepFailure        callback/{CallbackToken}
    SendPipelineExecutionStepSuccess        callback/{CallbackToken}
    StartPipelineExecution                  pipeline/{PipelineName}
    StopPipelineExecution                   ={PipelineExecutionArn}
    UpdatePipeline                          pipeline/{PipelineName}
    UpdatePipelineExecution                 ={PipelineExecutionArn}
"""
