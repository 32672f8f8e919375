"""What requests of MLflow's REST API need of IAM.

After "Actions, resources, and condition keys for Amazon SageMaker with MLflow" (Service Authorization Reference), whose
actions are named as MLflow's own descriptions of its operations (mlflow.protos) name them, but for two.
"""

import re
from urllib.parse import unquote

SERVICE = "sagemaker-mlflow"

OTHER = f"{SERVICE}:AccessUI"
"""What is asked for all that only MLflow's own pages use."""

TABLE = """
    BatchGetTraceInfos                      POST    3  traces/batchGetInfos
    BatchGetTraces                          GET     3  traces/batchGet
    CalculateTraceFilterCorrelation         POST    3  traces/calculate-filter-correlation
    CreateAssessment                        POST    3  traces/*/assessments
    CreateExperiment                        POST    2  experiments/create
    CreateLoggedModel                       POST    2  logged-models
    CreateModelVersion                      POST    2  model-versions/create
    CreateRegisteredModel                   POST    2  registered-models/create
    CreateRun                               POST    2  runs/create
    DeleteAssessment                        DELETE  3  traces/*/assessments/*
    DeleteExperiment                        POST    2  experiments/delete
    DeleteExperimentTag                     POST    2  experiments/delete-experiment-tag
    DeleteLoggedModel                       DELETE  2  logged-models/*
    DeleteLoggedModelTag                    DELETE  2  logged-models/*/tags/*
    DeleteModelVersion                      DELETE  2  model-versions/delete
    DeleteModelVersionTag                   DELETE  2  model-versions/delete-tag
    DeleteRegisteredModel                   DELETE  2  registered-models/delete
    DeleteRegisteredModelAlias              DELETE  2  registered-models/alias
    DeleteRegisteredModelTag                DELETE  2  registered-models/delete-tag
    DeleteRun                               POST    2  runs/delete
    DeleteTag                               POST    2  runs/delete-tag
    DeleteTraceTag                          DELETE  2  traces/*/tags
    DeleteTraceTagV3                        DELETE  3  traces/*/tags
    DeleteTraces                            POST    2  traces/delete-traces
    DeleteTracesV3                          POST    3  traces/delete-traces
    EndTrace                                PATCH   2  traces/*
    FinalizeLoggedModel                     PATCH   2  logged-models/*
    GetAssessment                           GET     3  traces/*/assessments/*
    GetDownloadURIForModelVersionArtifacts  GET     2  model-versions/get-download-uri
    GetExperiment                           GET     2  experiments/get
    GetExperimentByName                     GET     2  experiments/get-by-name
    GetLatestModelVersions                  GET     2  registered-models/get-latest-versions
    GetLatestModelVersions                  POST    2  registered-models/get-latest-versions
    GetLoggedModel                          GET     2  logged-models/*
    GetMetricHistory                        GET     2  metrics/get-history
    GetMetricHistoryBulkInterval            GET     2  metrics/get-history-bulk-interval
    GetModelVersion                         GET     2  model-versions/get
    GetModelVersionByAlias                  GET     2  registered-models/alias
    GetRegisteredModel                      GET     2  registered-models/get
    GetRun                                  GET     2  runs/get
    GetTrace                                GET     3  traces/get
    GetTraceInfo                            GET     2  traces/*/info
    GetTraceInfoV3                          GET     3  traces/*
    LinkPromptsToTrace                      POST    2  traces/link-prompts
    LinkTracesToRun                         POST    2  traces/link-to-run
    ListArtifacts                           GET     2  artifacts/list
    ListLoggedModelArtifacts                GET     2  logged-models/*/artifacts/directories
    LogBatch                                POST    2  runs/log-batch
    LogInputs                               POST    2  runs/log-inputs
    LogLoggedModelParams                    POST    2  logged-models/*/params
    LogMetric                               POST    2  runs/log-metric
    LogModel                                POST    2  runs/log-model
    LogOutputs                              POST    2  runs/outputs
    LogParam                                POST    2  runs/log-parameter
    QueryTraceMetrics                       POST    3  traces/metrics
    RenameRegisteredModel                   POST    2  registered-models/rename
    RestoreExperiment                       POST    2  experiments/restore
    RestoreRun                              POST    2  runs/restore
    SearchDatasets                          POST    2  experiments/search-datasets
    SearchExperiments                       GET     2  experiments/search
    SearchExperiments                       POST    2  experiments/search
    SearchLoggedModels                      POST    2  logged-models/search
    SearchModelVersions                     GET     2  model-versions/search
    SearchRegisteredModels                  GET     2  registered-models/search
    SearchRuns                              POST    2  runs/search
    SearchTraces                            GET     2  traces
    SearchTracesV3                          POST    3  traces/search
    SetExperimentTag                        POST    2  experiments/set-experiment-tag
    SetLoggedModelTags                      PATCH   2  logged-models/*/tags
    SetModelVersionTag                      POST    2  model-versions/set-tag
    SetRegisteredModelAlias                 POST    2  registered-models/alias
    SetRegisteredModelTag                   POST    2  registered-models/set-tag
    SetTag                                  POST    2  runs/set-tag
    SetTraceTag                             PATCH   2  traces/*/tags
    SetTraceTagV3                           PATCH   3  traces/*/tags
    StartTrace                              POST    2  traces
    StartTraceV3                            POST    3  traces
    TransitionModelVersionStage             POST    2  model-versions/transition-stage
    UpdateAssessment                        PATCH   3  traces/*/assessments/*
    UpdateExperiment                        POST    2  experiments/update
    UpdateModelVersion                      PATCH   2  model-versions/update
    UpdateRegisteredModel                   PATCH   2  registered-models/update
    UpdateRun                               POST    2  runs/update
"""
"""Action, method, version of the API, path; `*` is one part of a path."""

_PATH = re.compile(r"/api/(\d)\.0/mlflow/(.*)")


def action(method: str, path: str) -> str:
    """The action that a request is."""
    # Decoded, as MLflow does: an encoded slash is no part of a name there.
    found = _PATH.fullmatch(unquote(path))
    if found is None:
        return OTHER
    version, parts = found[1], found[2].split("/")
    for name, pattern in _ROWS.get((method, version, len(parts)), ()):
        if all(given == wanted or (wanted == "*" and given) for wanted, given in zip(pattern, parts, strict=True)):
            return f"{SERVICE}:{name}"
    return OTHER


def _rows() -> dict[tuple[str, str, int], list[tuple[str, list[str]]]]:
    rows: dict[tuple[str, str, int], list[tuple[str, list[str]]]] = {}
    for line in TABLE.split("\n"):
        if line:
            name, method, version, path = line.split()
            parts = path.split("/")
            rows.setdefault((method, version, len(parts)), []).append((name, parts))
    for each in rows.values():
        # What is named comes before what could be any.
        each.sort(key=lambda row: row[1].count("*"))
    return rows


_ROWS = _rows()
