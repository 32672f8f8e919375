"""In the place of Amazon's package of this name, which may be used with Amazon's services alone.

Of it `sagemaker-studio-analytics-extension` and `sagemaker-studio-sparkmagic-lib` ask one thing.
"""
