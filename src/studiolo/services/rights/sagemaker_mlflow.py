"""What the operations of MLflow tracking servers and apps need, after the same reference as SageMaker's others."""

TABLE = """
    CreateMlflowApp                         mlflow-app/*
    CreateMlflowApp?Tags                    @sagemaker:AddTags  mlflow-app/*
    CreateMlflowTrackingServer              mlflow-tracking-server/{TrackingServerName}
    CreateMlflowTrackingServer?Tags         @sagemaker:AddTags  mlflow-tracking-server/{TrackingServerName}
    CreatePresignedMlflowAppUrl             ={Arn}
    CreatePresignedMlflowTrackingServerUrl  mlflow-tracking-server/{TrackingServerName}
    DeleteMlflowApp                         ={Arn}
    DeleteMlflowTrackingServer              mlflow-tracking-server/{TrackingServerName}
    DescribeMlflowApp                       ={Arn}
    DescribeMlflowTrackingServer            mlflow-tracking-server/{TrackingServerName}
    ListMlflowApps                          *
    ListMlflowTrackingServers               *
    StartMlflowTrackingServer               mlflow-tracking-server/{TrackingServerName}
    StopMlflowTrackingServer                mlflow-tracking-server/{TrackingServerName}
    UpdateMlflowApp                         ={Arn}
    UpdateMlflowTrackingServer              mlflow-tracking-server/{TrackingServerName}
"""
