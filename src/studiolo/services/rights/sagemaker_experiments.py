"""What the operations of SageMaker Experiments need, after the same reference as SageMaker's others."""

TABLE = """
    AssociateTrialComponent     experiment-trial-component/{TrialComponentName}  experiment-trial/{TrialName}
    BatchGetMetrics             ={MetricQueries[].ResourceArn}
    BatchPutMetrics             experiment-trial-component/{TrialComponentName}
    CreateExperiment            experiment/{ExperimentName}
    CreateExperiment?Tags       @sagemaker:AddTags  experiment/{ExperimentName}
    CreateTrial                 experiment-trial/{TrialName}  experiment/{ExperimentName}
    CreateTrial?Tags            @sagemaker:AddTags  experiment-trial/{TrialName}
    CreateTrialComponent        experiment-trial-component/{TrialComponentName}
    CreateTrialComponent?Tags   @sagemaker:AddTags  experiment-trial-component/{TrialComponentName}
    DeleteExperiment            experiment/{ExperimentName}
    DeleteTrial                 experiment-trial/{TrialName}
    DeleteTrialComponent        experiment-trial-component/{TrialComponentName}
    DescribeExperiment          experiment/{ExperimentName}
    DescribeTrial               experiment-trial/{TrialName}
    DescribeTrialComponent      experiment-trial-component/{TrialComponentName}
    DisassociateTrialComponent  experiment-trial-component/{TrialComponentName}  experiment-trial/{TrialName}
    ListExperiments             *
    ListTrialComponents         *
    ListTrials                  *
    Search                      *
    UpdateExperiment            experiment/{ExperimentName}
    UpdateTrial                 experiment-trial/{TrialName}
    UpdateTrialComponent        experiment-trial-component/{TrialComponentName}
"""
