-- A change of the mirrors that touches many tickets of an account asks first.

alter table accounts add column rules_held text; -- why what only new rules bring waits until a person releases it
