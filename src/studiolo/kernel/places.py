"""Where Spark, Hadoop and Hive keep their own files: in the folder of the program that they run in, and nowhere else."""

from collections.abc import Mapping
from pathlib import Path


def places(folder: Path, temporary: Path, conf: Mapping[str, str]) -> dict[str, str]:
    """The settings that are of one program alone: `folder` is its own, `temporary` what it has for a while."""
    # It keeps the AWS SDK that S3A uses from writing a page about its age into every session's log.
    options = f"-XX:-UsePerfData -Daws.java.v1.disableDeprecationAnnouncement=true -Djava.io.tmpdir={temporary}"
    # Java takes the person's home from the system, and not from HOME.
    options += f" -Duser.home={folder}"
    return {
        # Spark 4 would make several files of a log, in a folder.
        "spark.eventLog.rolling.enabled": conf.get("spark.eventLog.rolling.enabled", "false"),
        "spark.eventLog.compress": conf.get("spark.eventLog.compress", "false"),
        # Of its own: what one session resolves, another would run.
        "spark.jars.ivy": conf.get("spark.jars.ivy", str(folder / "ivy")),
        "spark.sql.warehouse.dir": conf.get("spark.sql.warehouse.dir", f"file:{folder / 'warehouse'}"),
        "spark.hadoop.hadoop.tmp.dir": str(temporary),
        # The user of the JVM is a token: Hadoop would ask the system for its groups, and write it into the log.
        "spark.hadoop.hadoop.security.group.mapping": "org.apache.hadoop.security.NullGroupsMapping",
        # Else Hive's client makes folders under /tmp, where those of another user may be in the way.
        "spark.hadoop.hive.exec.scratchdir": f"file:{temporary / 'hive'}",
        "spark.hadoop.hive.exec.local.scratchdir": str(temporary / "hive-local"),
        "spark.hadoop.hive.downloaded.resources.dir": str(temporary / "hive-resources"),
        "spark.driver.extraJavaOptions": f"{options} {conf.get('spark.driver.extraJavaOptions', '')}".strip(),
    }
