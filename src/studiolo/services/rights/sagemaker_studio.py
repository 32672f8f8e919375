"""What the operations of SageMaker Studio need, after the same reference as SageMaker's others."""

TABLE = """
    CreateApp                   app/{DomainId}/{SpaceName||UserProfileName}/{AppType}/{AppName}
    CreateApp?Tags              @sagemaker:AddTags  app/{DomainId}/{SpaceName||UserProfileName}/{AppType}/{AppName}
    CreateDomain                domain/*
    CreateDomain?Tags           @sagemaker:AddTags  domain/*
    CreatePresignedDomainUrl    user-profile/{DomainId}/{UserProfileName}
    CreateSpace                 space/{DomainId}/{SpaceName}
    CreateSpace?Tags            @sagemaker:AddTags  space/{DomainId}/{SpaceName}
    CreateUserProfile           user-profile/{DomainId}/{UserProfileName}
    CreateUserProfile?Tags      @sagemaker:AddTags  user-profile/{DomainId}/{UserProfileName}
    DeleteApp                   app/{DomainId}/{SpaceName||UserProfileName}/{AppType}/{AppName}
    DeleteDomain                domain/{DomainId}
    DeleteSpace                 space/{DomainId}/{SpaceName}
    DeleteUserProfile           user-profile/{DomainId}/{UserProfileName}
    DescribeApp                 app/{DomainId}/{SpaceName||UserProfileName}/{AppType}/{AppName}
    DescribeDomain              domain/{DomainId}
    DescribeSpace               space/{DomainId}/{SpaceName}
    DescribeUserProfile         user-profile/{DomainId}/{UserProfileName}
    ListApps                    *
    ListDomains                 *
    ListSpaces                  *
    ListUserProfiles            *
    UpdateDomain                domain/{DomainId}
    UpdateSpace                 space/{DomainId}/{SpaceName}
    UpdateUserProfile           user-profile/{DomainId}/{UserProfileName}
"""
