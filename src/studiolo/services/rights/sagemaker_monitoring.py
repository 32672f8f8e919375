"""What the operations of Model Monitor need, after the same reference as SageMaker's others."""

TABLE = """
    CreateDataQualityJobDefinition         data-quality-job-definition/{JobDefinitionName}
    CreateDataQualityJobDefinition?Tags    @sagemaker:AddTags  data-quality-job-definition/{JobDefinitionName}
    CreateModelQualityJobDefinition        model-quality-job-definition/{JobDefinitionName}
    CreateModelQualityJobDefinition?Tags   @sagemaker:AddTags  model-quality-job-definition/{JobDefinitionName}
    CreateMonitoringSchedule               monitoring-schedule/{MonitoringScheduleName}
    CreateMonitoringSchedule?Tags          @sagemaker:AddTags  monitoring-schedule/{MonitoringScheduleName}
    DeleteDataQualityJobDefinition         data-quality-job-definition/{JobDefinitionName}
    DeleteModelQualityJobDefinition        model-quality-job-definition/{JobDefinitionName}
    DeleteMonitoringSchedule               monitoring-schedule/{MonitoringScheduleName}
    DescribeDataQualityJobDefinition       data-quality-job-definition/{JobDefinitionName}
    DescribeModelQualityJobDefinition      model-quality-job-definition/{JobDefinitionName}
    DescribeMonitoringSchedule             monitoring-schedule/{MonitoringScheduleName}
    ListDataQualityJobDefinitions          *
    ListModelQualityJobDefinitions         *
    ListMonitoringAlertHistory             *
    ListMonitoringAlerts                   monitoring-schedule/{MonitoringScheduleName}
    ListMonitoringExecutions               *
    ListMonitoringSchedules                *
    StartMonitoringSchedule                monitoring-schedule/{MonitoringScheduleName}
    StopMonitoringSchedule                 monitoring-schedule/{MonitoringScheduleName}
    UpdateMonitoringAlert                  monitoring-schedule/{MonitoringScheduleName}
    UpdateMonitoringSchedule               monitoring-schedule/{MonitoringScheduleName}
"""

_DEFINITIONS = "CreateDataQualityJobDefinition,CreateModelQualityJobDefinition"
_SCHEDULES = "CreateMonitoringSchedule,UpdateMonitoringSchedule"
_JOB = "MonitoringScheduleConfig.MonitoringJobDefinition"

KEYS = f"""
    {_DEFINITIONS}  sagemaker:InstanceTypes        JobResources.ClusterConfig.InstanceType
    {_DEFINITIONS}  sagemaker:VolumeKmsKey         JobResources.ClusterConfig.VolumeKmsKeyId
    {_DEFINITIONS}  sagemaker:MaxRuntimeInSeconds  StoppingCondition.MaxRuntimeInSeconds
    {_DEFINITIONS}  sagemaker:NetworkIsolation     NetworkConfig.EnableNetworkIsolation
    {_DEFINITIONS}  sagemaker:VpcSecurityGroupIds  NetworkConfig.VpcConfig.SecurityGroupIds
    {_DEFINITIONS}  sagemaker:VpcSubnets           NetworkConfig.VpcConfig.Subnets
    {_SCHEDULES}    sagemaker:InstanceTypes        {_JOB}.MonitoringResources.ClusterConfig.InstanceType
    {_SCHEDULES}    sagemaker:VolumeKmsKey         {_JOB}.MonitoringResources.ClusterConfig.VolumeKmsKeyId
    {_SCHEDULES}    sagemaker:MaxRuntimeInSeconds  {_JOB}.StoppingCondition.MaxRuntimeInSeconds
    {_SCHEDULES}    sagemaker:NetworkIsolation     {_JOB}.NetworkConfig.EnableNetworkIsolation
    {_SCHEDULES}    sagemaker:VpcSecurityGroupIds  {_JOB}.NetworkConfig.VpcConfig.SecurityGroupIds
    {_SCHEDULES}    sagemaker:VpcSubnets           {_JOB}.NetworkConfig.VpcConfig.Subnets
"""
