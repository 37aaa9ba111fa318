select distinct judged_id from image_package where image_id = $1 order by judged_id
