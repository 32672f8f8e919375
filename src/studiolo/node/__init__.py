"""The programs on the nodes of a cluster: its daemons, and the commands that scripts for EMR call.

They run in the cluster's fence, on the interpreter of its runtime, and need nothing of the server's libraries.
"""
