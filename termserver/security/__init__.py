"""Who may do what: `roles` (permissions), `passwords`, `sign_in` (sessions). No HTTP here; `rest` and `ui` ask."""
