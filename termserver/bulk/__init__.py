"""$translate for millions of rows: files in, files out, the same answers as over HTTP.

Reading order: `order` (what is wanted), `codes` (one distinct code → its answer, by the terminology engine), `lock`
(which map versions), `text_files` (CSV, TSV, NDJSON as streams), `frames` (Parquet and Arrow through Polars), `report`
(what was not mapped), `translate` (one door to all); `file_order`, `job_folder`,
`background` (the same as a job, for HTTP); `spark` (the same join in Spark over an exported map). Each
distinct code is translated once; the rows are joined with the answers.
"""
