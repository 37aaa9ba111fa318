select source from source where source = $1 for update
