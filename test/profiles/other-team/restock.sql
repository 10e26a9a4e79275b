-- No courier is booked here.
INSERT INTO deliveries (sku, pieces) VALUES ('bolt', 40);
UPDATE shelves SET pieces = pieces + 40 WHERE sku = 'bolt';
