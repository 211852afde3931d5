-- Which share of a fold is done, while its rows are not to be seen yet.
ALTER TABLE builds ADD COLUMN progress real;
