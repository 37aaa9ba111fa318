update layer set stored = true where digest = any ($1) and not stored
