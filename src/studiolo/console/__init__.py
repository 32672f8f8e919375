"""The console: pages in a browser, each made by boto3 calls with the keys of who is signed in.

Nothing is imported here: the program that reads rows for a page need not wait for all that makes pages.
"""
