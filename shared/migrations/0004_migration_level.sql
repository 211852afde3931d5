-- Each process says whether the migrations that its code expects have run.
GRANT SELECT ON migrations TO {service}_api, {service}_worker;
