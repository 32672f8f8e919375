"""Work on an existing Ray cluster, by the REST API of its jobs: nothing of Ray is installed here.

`launcher.py` is the launcher; for each work it starts `follower.py` here, which stands in for the runner: it sends the work
to Ray, hears what comes back, and keeps the work's folder as the runner of this machine would. `parcel.py` is what is
sent, `cluster.py` the REST API, `wire.py` the lines that come back. On the node `node.py` makes Python ready and `carry.py`
has the runner itself carry the work out, in `alone.py`.
Modules are imported by their own names: a node begins without the packages that most of them need.
"""
