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
    ListMonitoringExecutions               *
    ListMonitoringSchedules                *
    StartMonitoringSchedule                monitoring-schedule/{MonitoringScheduleName}
    StopMonitoringSchedule                 monitoring-schedule/{MonitoringScheduleName}
    UpdateMonitoringSchedule               monitoring-schedule/{MonitoringScheduleName}
"""
