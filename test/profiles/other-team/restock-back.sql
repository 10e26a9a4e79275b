UPDATE shelves SET pieces = pieces - 40 WHERE sku = 'bolt';
DELETE FROM deliveries WHERE sku = 'bolt' AND pieces = 40;
UPDATE sqlite_sequence SET seq = 2 WHERE name = 'deliveries';
