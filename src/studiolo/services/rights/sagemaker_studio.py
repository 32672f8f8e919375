"""What the operations of SageMaker Studio need, after the same reference as SageMaker's others."""

TABLE = """
    CreateApp                   app/{DomainId}/{SpaceName||UserProfileName}/{AppType}/{AppName}
    CreateApp?Tags              @sagemaker:AddTags  app/{DomainId}/{SpaceName||UserProfileName}/{AppType}/{AppName}
    CreateDomain                domain/*
    CreateDomain?Tags           @sagemaker:AddTags  domain/*
    CreatePresignedDomainUrl    user-profile/{DomainId}/{UserProfileName}
    CreateSpace                 space/{DomainId}/{SpaceName}
    CreateSpace?Tags            @sagemaker:AddTags  space/{DomainId}/{SpaceName}
    CreateStudioLifecycleConfig       studio-lifecycle-config/{StudioLifecycleConfigName}
    CreateStudioLifecycleConfig?Tags  @sagemaker:AddTags  studio-lifecycle-config/{StudioLifecycleConfigName}
    CreateUserProfile           user-profile/{DomainId}/{UserProfileName}
    CreateUserProfile?Tags      @sagemaker:AddTags  user-profile/{DomainId}/{UserProfileName}
    DeleteApp                   app/{DomainId}/{SpaceName||UserProfileName}/{AppType}/{AppName}
    DeleteDomain                domain/{DomainId}
    DeleteSpace                 space/{DomainId}/{SpaceName}
    DeleteStudioLifecycleConfig       studio-lifecycle-config/{StudioLifecycleConfigName}
    DeleteUserProfile           user-profile/{DomainId}/{UserProfileName}
    DescribeApp                 app/{DomainId}/{SpaceName||UserProfileName}/{AppType}/{AppName}
    DescribeDomain              domain/{DomainId}
    DescribeSpace               space/{DomainId}/{SpaceName}
    DescribeStudioLifecycleConfig     studio-lifecycle-config/{StudioLifecycleConfigName}
    DescribeUserProfile         user-profile/{DomainId}/{UserProfileName}
    ListApps                    *
    ListDomains                 *
    ListSpaces                  *
    ListStudioLifecycleConfigs  *
    ListUserProfiles            *
    UpdateDomain                domain/{DomainId}
    UpdateSpace                 space/{DomainId}/{SpaceName}
    UpdateUserProfile           user-profile/{DomainId}/{UserProfileName}
    CreateAppImageConfig        app-image-config/{AppImageConfigName}
    CreateAppImageConfig?Tags   @sagemaker:AddTags  app-image-config/{AppImageConfigName}
    CreateImage                 image/{ImageName}
    CreateImage?Tags            @sagemaker:AddTags  image/{ImageName}
    CreateImageVersion          image/{ImageName}  image-version/{ImageName}/*
    DeleteAppImageConfig        app-image-config/{AppImageConfigName}
    DeleteImage                 image/{ImageName}
    DeleteImageVersion          image-version/{ImageName}/{Version:*}
    DescribeAppImageConfig      app-image-config/{AppImageConfigName}
    DescribeImage               image/{ImageName}
    DescribeImageVersion        image-version/{ImageName}/{Version:*}
    ListAliases                 image/{ImageName}
    ListAppImageConfigs         *
    ListImageVersions           image/{ImageName}
    ListImages                  *
    UpdateAppImageConfig        app-image-config/{AppImageConfigName}
    UpdateImage                 image/{ImageName}
    UpdateImageVersion          image/{ImageName}  image-version/{ImageName}/{Version:*}
    CreateNotebookInstance            notebook-instance/{NotebookInstanceName}
    CreateNotebookInstance?Tags       @sagemaker:AddTags  notebook-instance/{NotebookInstanceName}
    CreateNotebookInstanceLifecycleConfig       notebook-instance-lifecycle-config/{NotebookInstanceLifecycleConfigName}
    CreateNotebookInstanceLifecycleConfig?Tags  @sagemaker:AddTags  notebook-instance-lifecycle-config/{NotebookInstanceLifecycleConfigName}
    CreatePresignedNotebookInstanceUrl          notebook-instance/{NotebookInstanceName}
    DeleteNotebookInstance            notebook-instance/{NotebookInstanceName}
    DeleteNotebookInstanceLifecycleConfig       notebook-instance-lifecycle-config/{NotebookInstanceLifecycleConfigName}
    DescribeNotebookInstance          notebook-instance/{NotebookInstanceName}
    DescribeNotebookInstanceLifecycleConfig     notebook-instance-lifecycle-config/{NotebookInstanceLifecycleConfigName}
    ListNotebookInstanceLifecycleConfigs        *
    ListNotebookInstances             *
    StartNotebookInstance             notebook-instance/{NotebookInstanceName}
    StopNotebookInstance              notebook-instance/{NotebookInstanceName}
    UpdateNotebookInstance            notebook-instance/{NotebookInstanceName}
    UpdateNotebookInstanceLifecycleConfig       notebook-instance-lifecycle-config/{NotebookInstanceLifecycleConfigName}
"""  # noqa: E501 (a table)

KEYS = """
    CreateNotebookInstance,UpdateNotebookInstance  sagemaker:InstanceTypes     InstanceType
    CreateNotebookInstance,UpdateNotebookInstance  sagemaker:AcceleratorTypes  AcceleratorTypes[]
    CreateNotebookInstance,UpdateNotebookInstance  sagemaker:RootAccess        RootAccess
    CreateNotebookInstance         sagemaker:DirectInternetAccess              DirectInternetAccess
    CreateNotebookInstance         sagemaker:VolumeKmsKey                      KmsKeyId
    CreateNotebookInstance         sagemaker:VpcSecurityGroupIds               SecurityGroupIds
    CreateNotebookInstance         sagemaker:VpcSubnets                        SubnetId
"""
