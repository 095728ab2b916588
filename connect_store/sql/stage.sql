-- What is about to be compared or applied, loaded by the connection that works on it.

-- name: stage_person
create temporary table if not exists stage_person (kind text, key text, given_name text, family_name text, email text, sms text, phone text, language text, grades text, role text, identifier text, source text, account text, managed_by text, status text, brought {int}, action text);

-- name: stage_attachment
create temporary table if not exists stage_attachment (kind text, key text, school text, source text, managed_by text, status text, brought {int}, action text);

-- name: stage_classroom
create temporary table if not exists stage_classroom (key text, school text, title text, grades text, managed_by text, status text, brought {int}, action text);

-- name: stage_membership
create temporary table if not exists stage_membership (classroom text, kind text, key text, managed_by text, status text, brought {int}, action text);

-- name: stage_guardianship
create temporary table if not exists stage_guardianship (student text, guardian text, source text, managed_by text, status text, brought {int}, action text);

-- name: stage_attribute
create temporary table if not exists stage_attribute (student text, name text, value text, managed_by text, status text, brought {int}, action text);
