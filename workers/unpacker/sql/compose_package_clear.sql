delete from image_package where image_id = $1
