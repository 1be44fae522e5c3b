DROP TABLE device_token;
