-- One row per transfer of shares and declaration that may be about it: of the enterprise, or of the seller as a person.
-- `shared`: the taxpayer id belongs to several enterprises, the one whose shares were sold among them.
select t.record_id, d.record_id as declaration, d.tax_type, d.declared_on, false as shared
from transfer_party t
join declared d using (master_id)
where d.tax_type in ('IIT', 'STAMP')
union
-- an individual's taxpayer id is the citizen's number, with two characters more for each business
select t.record_id, d.record_id, d.tax_type, d.declared_on, false
from transfer_party t
join declared d on t.seller_number = if(length(d.number) = 20, left(d.number, 18), d.number)
where d.tax_type in ('IIT', 'STAMP')
union
select t.record_id, d.record_id, d.tax_type, d.declared_on, true
from transfer_party t
join (select master_id, unnest(records) as declaration from doubtful_declarant) m using (master_id)
join declared d on d.record_id = m.declaration
where d.tax_type in ('IIT', 'STAMP')
