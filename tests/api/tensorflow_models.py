"""Makes archives of one model of Keras, as TensorFlow and as Keras saves it; prints what it predicts for rows of ones.

Run with TensorFlow: `tensorflow_models.py FOLDER`.
"""

import json
import sys
import tarfile
from pathlib import Path

import numpy as np
import tensorflow as tf

folder = Path(sys.argv[1])
layers = [tf.keras.layers.Conv1D(4, 3, activation="relu"), tf.keras.layers.Flatten(), tf.keras.layers.Dense(2)]
model = tf.keras.Sequential([tf.keras.Input((8, 3), name="air"), *layers])
model.export(str(folder / "export" / "1"), verbose=False)
model.save(folder / "model.keras")
for name in ("export", "model.keras"):
    with tarfile.open(folder / f"{name.partition('.')[0]}.tar.gz", "w:gz") as tar:
        tar.add(folder / name, name)
print(json.dumps(model.predict(np.ones((2, 8, 3)), verbose=0).tolist()))
