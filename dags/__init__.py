"""When things run: thin Airflow DAGs over the stages of `sitong.stages`. The only room that imports Airflow.

DAG files import absolutely and never each other; what they share is in the modules that `.airflowignore` names.
"""
