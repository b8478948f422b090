DROP TABLE network_edge;
