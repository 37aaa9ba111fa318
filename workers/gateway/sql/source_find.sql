select 1 from source where source = $1
