"""Work that outlasts a request: `queue` puts jobs in and looks at them; `termserver.worker` takes them out."""
