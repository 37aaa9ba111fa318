select source from source where enabled order by 1
