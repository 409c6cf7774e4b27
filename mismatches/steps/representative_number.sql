-- One row per document number that the commercial register names as an active enterprise's legal representative.
select distinct legal_representative_id_number as number
from "commerce.enterprise"
where status = '1' and legal_representative_id_number is not null
