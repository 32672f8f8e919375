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
"""
