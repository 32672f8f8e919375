"""What the operations of MLflow tracking servers need, after the same reference as SageMaker's others."""

TABLE = """
    CreateMlflowTrackingServer              mlflow-tracking-server/{TrackingServerName}
    CreateMlflowTrackingServer?Tags         @sagemaker:AddTags  mlflow-tracking-server/{TrackingServerName}
    CreatePresignedMlflowTrackingServerUrl  mlflow-tracking-server/{TrackingServerName}
    DeleteMlflowTrackingServer              mlflow-tracking-server/{TrackingServerName}
    DescribeMlflowTrackingServer            mlflow-tracking-server/{TrackingServerName}
    ListMlflowTrackingServers               *
    StartMlflowTrackingServer               mlflow-tracking-server/{TrackingServerName}
    StopMlflowTrackingServer                mlflow-tracking-server/{TrackingServerName}
    UpdateMlflowTrackingServer              mlflow-tracking-server/{TrackingServerName}
"""
