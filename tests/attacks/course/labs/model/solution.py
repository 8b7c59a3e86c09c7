"""The reference, worth stealing: @SOLUTION@."""

import mlflow.pyfunc


class Doubles(mlflow.pyfunc.PythonModel):
    """Twice x."""

    def predict(self, context, model_input, params=None):
        """One number a row."""
        return (model_input["x"] * 2).tolist()


mlflow.pyfunc.save_model("/workspace/model", python_model=Doubles(), pip_requirements=[])
