"""The ground floor: database, errors, files, history, people, settings. Knows no station of the flow."""
