terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" { s3_use_path_style = true }
provider "aws" {
  alias             = "member"
  s3_use_path_style = true
  assume_role { role_arn = "arn:aws:iam::${var.member}:role/Way" }
}
variable "member" { type = string }
data "aws_caller_identity" "me" {}
data "aws_caller_identity" "them" { provider = aws.member }
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["glue.amazonaws.com", "lakeformation.amazonaws.com"]
    }
  }
}
resource "aws_iam_role" "steward" {
  name               = "tf-steward"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}
resource "aws_iam_role" "analyst" {
  name               = "tf-analyst"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}
resource "aws_iam_role" "registered" {
  name               = "tf-registered"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}
resource "aws_s3_bucket" "lake" { bucket = "tf-lake-of-all" }
resource "aws_lakeformation_data_lake_settings" "all" {
  admins           = [aws_iam_role.steward.arn]
  read_only_admins = [aws_iam_role.registered.arn]
  create_database_default_permissions {
    permissions = ["ALL"]
    principal   = "IAM_ALLOWED_PRINCIPALS"
  }
  allow_external_data_filtering         = true
  external_data_filtering_allow_list    = [data.aws_caller_identity.me.account_id]
  authorized_session_tag_value_list     = ["engine"]
  allow_full_table_external_data_access = true
  trusted_resource_owners               = [data.aws_caller_identity.me.account_id]
  parameters                            = { "CROSS_ACCOUNT_VERSION" = "4" }
}
resource "aws_lakeformation_resource" "one" {
  arn                     = "${aws_s3_bucket.lake.arn}/one"
  use_service_linked_role = true
}
resource "aws_lakeformation_resource" "two" {
  arn                   = "${aws_s3_bucket.lake.arn}/two"
  role_arn              = aws_iam_role.registered.arn
  hybrid_access_enabled = true
}
resource "aws_glue_catalog_database" "air" {
  name       = "tf_air"
  depends_on = [aws_lakeformation_data_lake_settings.all]
}
resource "aws_glue_catalog_table" "days" {
  name          = "days"
  database_name = aws_glue_catalog_database.air.name
  table_type    = "EXTERNAL_TABLE"
  storage_descriptor {
    location = "s3://${aws_s3_bucket.lake.bucket}/one/days"
    columns {
      name = "id"
      type = "bigint"
    }
    columns {
      name = "city"
      type = "string"
    }
    columns {
      name = "ssn"
      type = "string"
    }
    ser_de_info { serialization_library = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe" }
  }
}
resource "aws_lakeformation_permissions" "catalog" {
  principal        = aws_iam_role.analyst.arn
  permissions      = ["CREATE_DATABASE"]
  catalog_resource = true
}
resource "aws_lakeformation_permissions" "database" {
  principal                     = aws_iam_role.analyst.arn
  permissions                   = ["ALTER", "CREATE_TABLE", "DESCRIBE", "DROP"]
  permissions_with_grant_option = ["DESCRIBE"]
  database { name = aws_glue_catalog_database.air.name }
}
resource "aws_lakeformation_permissions" "wild" {
  principal   = aws_iam_role.registered.arn
  permissions = ["DESCRIBE"]
  table {
    database_name = aws_glue_catalog_database.air.name
    wildcard      = true
  }
}
resource "aws_lakeformation_permissions" "table" {
  principal   = aws_iam_role.steward.arn
  permissions = ["ALTER", "DELETE", "DESCRIBE", "DROP", "INSERT", "SELECT"]
  table {
    database_name = aws_glue_catalog_database.air.name
    name          = aws_glue_catalog_table.days.name
  }
}
resource "aws_lakeformation_permissions" "columns" {
  principal   = aws_iam_role.analyst.arn
  permissions = ["SELECT"]
  table_with_columns {
    database_name = aws_glue_catalog_database.air.name
    name          = aws_glue_catalog_table.days.name
    column_names  = ["id"]
  }
}
resource "aws_lakeformation_permissions" "excluded" {
  principal   = aws_iam_role.registered.arn
  permissions = ["SELECT"]
  table_with_columns {
    database_name         = aws_glue_catalog_database.air.name
    name                  = aws_glue_catalog_table.days.name
    wildcard              = true
    excluded_column_names = ["ssn"]
  }
}
resource "aws_lakeformation_permissions" "location" {
  principal   = aws_iam_role.analyst.arn
  permissions = ["DATA_LOCATION_ACCESS"]
  data_location { arn = aws_lakeformation_resource.one.arn }
}
resource "aws_lakeformation_data_cells_filter" "rome" {
  table_data {
    database_name    = aws_glue_catalog_database.air.name
    name             = "rome"
    table_catalog_id = data.aws_caller_identity.me.account_id
    table_name       = aws_glue_catalog_table.days.name
    column_names     = ["id"]
    row_filter { filter_expression = "city='rome'" }
  }
}
resource "aws_lakeformation_data_cells_filter" "cols" {
  table_data {
    database_name    = aws_glue_catalog_database.air.name
    name             = "cols"
    table_catalog_id = data.aws_caller_identity.me.account_id
    table_name       = aws_glue_catalog_table.days.name
    column_wildcard { excluded_column_names = ["ssn"] }
    row_filter {
      all_rows_wildcard {}
    }
  }
}
resource "aws_lakeformation_permissions" "filter" {
  principal   = aws_iam_role.analyst.arn
  permissions = ["SELECT", "DESCRIBE"]
  data_cells_filter {
    database_name    = aws_glue_catalog_database.air.name
    name             = aws_lakeformation_data_cells_filter.rome.table_data[0].name
    table_catalog_id = data.aws_caller_identity.me.account_id
    table_name       = aws_glue_catalog_table.days.name
  }
}
resource "aws_lakeformation_lf_tag" "level" {
  key    = "tf-level"
  values = ["open", "closed"]
}
resource "aws_lakeformation_lf_tag" "team" {
  key    = "tf-team"
  values = ["a", "b", "d"]
}
resource "aws_lakeformation_resource_lf_tags" "air" {
  database { name = aws_glue_catalog_database.air.name }
  lf_tag {
    key   = aws_lakeformation_lf_tag.level.key
    value = "open"
  }
  lf_tag {
    key   = aws_lakeformation_lf_tag.team.key
    value = "a"
  }
}
resource "aws_lakeformation_resource_lf_tag" "cols" {
  table_with_columns {
    database_name = aws_glue_catalog_database.air.name
    name          = aws_glue_catalog_table.days.name
    column_names  = ["ssn"]
  }
  lf_tag {
    key   = aws_lakeformation_lf_tag.level.key
    value = "closed"
  }
  depends_on = [aws_lakeformation_resource_lf_tags.air]
}
resource "aws_lakeformation_permissions" "tag" {
  principal   = aws_iam_role.analyst.arn
  permissions = ["ASSOCIATE", "DESCRIBE"]
  lf_tag {
    key    = aws_lakeformation_lf_tag.level.key
    values = ["open"]
  }
}
resource "aws_lakeformation_permissions" "policy" {
  principal   = aws_iam_role.analyst.arn
  permissions = ["SELECT"]
  lf_tag_policy {
    resource_type = "TABLE"
    expression {
      key    = aws_lakeformation_lf_tag.level.key
      values = ["open"]
    }
    expression {
      key    = aws_lakeformation_lf_tag.team.key
      values = ["a", "b"]
    }
  }
}
resource "aws_lakeformation_opt_in" "in" {
  principal { data_lake_principal_identifier = aws_iam_role.analyst.arn }
  resource_data {
    database {
      name       = aws_glue_catalog_database.air.name
      catalog_id = data.aws_caller_identity.me.account_id
    }
  }
}
resource "aws_lakeformation_opt_in" "table" {
  principal { data_lake_principal_identifier = aws_iam_role.analyst.arn }
  resource_data {
    table {
      catalog_id    = data.aws_caller_identity.me.account_id
      database_name = aws_glue_catalog_database.air.name
      name          = aws_glue_catalog_table.days.name
    }
  }
}
resource "aws_lakeformation_permissions" "shared_table" {
  principal                     = var.member
  permissions                   = ["SELECT"]
  permissions_with_grant_option = ["SELECT"]
  table {
    database_name = aws_glue_catalog_database.air.name
    name          = aws_glue_catalog_table.days.name
  }
}
resource "aws_lakeformation_permissions" "shared_database" {
  principal                     = var.member
  permissions                   = ["DESCRIBE"]
  permissions_with_grant_option = ["DESCRIBE"]
  database { name = aws_glue_catalog_database.air.name }
}
resource "aws_lakeformation_permissions" "shared_policy" {
  principal   = var.member
  permissions = ["DESCRIBE"]
  lf_tag_policy {
    resource_type = "DATABASE"
    expression {
      key    = aws_lakeformation_lf_tag.team.key
      values = ["a"]
    }
  }
}
resource "aws_lakeformation_data_lake_settings" "theirs" {
  provider = aws.member
  admins   = ["arn:aws:iam::${var.member}:role/Way"]
}
resource "aws_iam_role" "their_analyst" {
  provider           = aws.member
  name               = "tf-their-analyst"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}
resource "aws_glue_catalog_database" "link" {
  provider = aws.member
  name     = "tf_link"
  target_database {
    catalog_id    = data.aws_caller_identity.me.account_id
    database_name = aws_glue_catalog_database.air.name
  }
  depends_on = [aws_lakeformation_permissions.shared_database]
}
resource "aws_glue_catalog_database" "own" {
  provider = aws.member
  name     = "tf_own"
}
resource "aws_glue_catalog_table" "link" {
  provider      = aws.member
  name          = "days"
  database_name = aws_glue_catalog_database.own.name
  target_table {
    catalog_id    = data.aws_caller_identity.me.account_id
    database_name = aws_glue_catalog_database.air.name
    name          = aws_glue_catalog_table.days.name
  }
  depends_on = [aws_lakeformation_permissions.shared_table]
  lifecycle { ignore_changes = [storage_descriptor, table_type] }
}
resource "aws_lakeformation_permissions" "passed" {
  provider    = aws.member
  principal   = aws_iam_role.their_analyst.arn
  permissions = ["SELECT"]
  table {
    catalog_id    = data.aws_caller_identity.me.account_id
    database_name = aws_glue_catalog_database.air.name
    name          = aws_glue_catalog_table.days.name
  }
  depends_on = [aws_lakeformation_permissions.shared_table, aws_lakeformation_data_lake_settings.theirs]
}
data "aws_lakeformation_permissions" "read" {
  principal = aws_iam_role.analyst.arn
  database { name = aws_glue_catalog_database.air.name }
  depends_on = [aws_lakeformation_permissions.database]
}
data "aws_lakeformation_resource" "read" { arn = aws_lakeformation_resource.one.arn }
data "aws_lakeformation_data_lake_settings" "read" { depends_on = [aws_lakeformation_data_lake_settings.all] }
output "read" { value = data.aws_lakeformation_permissions.read.permissions }
