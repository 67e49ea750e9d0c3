BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE area_drafts (
	id VARCHAR(36) NOT NULL, 
	organisation_id VARCHAR(36) NOT NULL, 
	person_id VARCHAR(36) NOT NULL, 
	created_at DATETIME NOT NULL, 
	choices JSON NOT NULL, 
	content BLOB NOT NULL, 
	CONSTRAINT pk_area_drafts PRIMARY KEY (id), 
	CONSTRAINT fk_area_drafts_organisation_id_organisations FOREIGN KEY(organisation_id) REFERENCES organisations (id), 
	CONSTRAINT fk_area_drafts_person_id_persons FOREIGN KEY(person_id) REFERENCES persons (id)
);
CREATE TABLE areas (
	id VARCHAR(36) NOT NULL, 
	organisation_id VARCHAR(36) NOT NULL, 
	code VARCHAR(40) NOT NULL, 
	name VARCHAR(120) NOT NULL, 
	housing VARCHAR(20) NOT NULL, 
	households INTEGER, 
	outline TEXT, 
	created_at DATETIME NOT NULL, 
	retired_at DATETIME, 
	CONSTRAINT pk_areas PRIMARY KEY (id), 
	CONSTRAINT fk_areas_organisation_id_organisations FOREIGN KEY(organisation_id) REFERENCES organisations (id), 
	CONSTRAINT uq_areas_organisation_id_code UNIQUE (organisation_id, code)
);
INSERT INTO "areas" VALUES('01a1fc95-368d-7d07-bfbf-4ca086a39a33','01a1fc95-357f-7c3a-9715-892a35ab48fb','H1','Hageby norra','flats',640,NULL,'2026-05-06 16:30:00.000000',NULL);
INSERT INTO "areas" VALUES('01a1fc95-3690-7fed-a1c3-46a5001e447c','01a1fc95-357f-7c3a-9715-892a35ab48fb','H2','Hageby södra','villa',210,NULL,'2026-05-06 16:30:00.000000',NULL);
INSERT INTO "areas" VALUES('01a1fc95-369a-78d2-bb5d-0c08115efb7e','01a1fc95-3582-79b0-82da-d5918252f29d','E1','Ektorpshöjden','',NULL,NULL,'2026-05-06 16:30:00.000000',NULL);
CREATE TABLE attempts (
	id VARCHAR(36) NOT NULL, 
	campaign_id VARCHAR(36) NOT NULL, 
	organisation_id VARCHAR(36) NOT NULL, 
	area_id VARCHAR(36), 
	author_id VARCHAR(36), 
	channel VARCHAR(20) NOT NULL, 
	outcome VARCHAR(20) NOT NULL, 
	number INTEGER NOT NULL, 
	happened_at DATETIME NOT NULL, 
	happened_on DATE NOT NULL, 
	topics JSON NOT NULL, 
	rev INTEGER NOT NULL, 
	is_deleted BOOLEAN NOT NULL, 
	CONSTRAINT pk_attempts PRIMARY KEY (id), 
	CONSTRAINT fk_attempts_area_id_areas FOREIGN KEY(area_id) REFERENCES areas (id), 
	CONSTRAINT fk_attempts_author_id_persons FOREIGN KEY(author_id) REFERENCES persons (id), 
	CONSTRAINT fk_attempts_campaign_id_campaigns FOREIGN KEY(campaign_id) REFERENCES campaigns (id), 
	CONSTRAINT fk_attempts_organisation_id_organisations FOREIGN KEY(organisation_id) REFERENCES organisations (id)
);
INSERT INTO "attempts" VALUES('01a1fc95-36af-773c-b6fa-56d7494a38d1','01a1fc95-3605-75ae-af75-3d33b9420f13','01a1fc95-357f-7c3a-9715-892a35ab48fb',NULL,'01a1fc95-365c-73d8-8b44-8a77927471db','stall','talked',4,'2026-05-06 16:00:00.000000','2026-05-06','[]',1,0);
INSERT INTO "attempts" VALUES('01a1fc95-36b7-7abe-b8d1-23ebc6a2e56c','01a1fc95-3605-75ae-af75-3d33b9420f13','01a1fc95-357f-7c3a-9715-892a35ab48fb','01a1fc95-368d-7d07-bfbf-4ca086a39a33','01a1fc95-365c-73d8-8b44-8a77927471db','door','not_home',1,'2026-05-06 16:00:00.000000','2026-05-06','[]',1,0);
INSERT INTO "attempts" VALUES('01a1fc95-36b7-7952-a882-93d408146ca2','01a1fc95-3605-75ae-af75-3d33b9420f13','01a1fc95-357f-7c3a-9715-892a35ab48fb',NULL,'01a1fc95-365c-73d8-8b44-8a77927471db','door','talked',1,'2026-05-06 16:00:00.000000','2026-05-06','["01a1fc95-3608-7f69-93b0-f5f851ffb527"]',1,0);
INSERT INTO "attempts" VALUES('01a1fc95-36b7-7e7a-ba50-72f8ecb71849','01a1fc95-3605-75ae-af75-3d33b9420f13','01a1fc95-357f-7c3a-9715-892a35ab48fb',NULL,'01a1fc95-365c-73d8-8b44-8a77927471db','door','not_home',2,'2026-05-06 16:00:00.000000','2026-05-06','[]',1,0);
INSERT INTO "attempts" VALUES('01a1fc95-36b7-75c8-bed2-7ebc67b0a661','01a1fc95-3605-75ae-af75-3d33b9420f13','01a1fc95-357f-7c3a-9715-892a35ab48fb','01a1fc95-3690-7fed-a1c3-46a5001e447c','01a1fc95-365c-73d8-8b44-8a77927471db','door','talked',1,'2026-05-06 16:00:00.000000','2026-05-06','[]',1,0);
INSERT INTO "attempts" VALUES('01a1fc95-36b7-71e7-8fdd-813084d3e044','01a1fc95-3605-75ae-af75-3d33b9420f13','01a1fc95-357f-7c3a-9715-892a35ab48fb',NULL,'01a1fc95-365c-73d8-8b44-8a77927471db','door','refused',1,'2026-05-06 16:00:00.000000','2026-05-06','[]',1,0);
INSERT INTO "attempts" VALUES('01a1fc95-36b7-7543-a16b-b1358c3d43dc','01a1fc95-3605-75ae-af75-3d33b9420f13','01a1fc95-357f-7c3a-9715-892a35ab48fb',NULL,'01a1fc95-365c-73d8-8b44-8a77927471db','phone','no_answer',1,'2026-05-06 16:00:00.000000','2026-05-06','[]',1,0);
INSERT INTO "attempts" VALUES('01a1fc95-36b7-76b4-842a-66ad33e92dd7','01a1fc95-3605-75ae-af75-3d33b9420f13','01a1fc95-357f-7c3a-9715-892a35ab48fb',NULL,'01a1fc95-365c-73d8-8b44-8a77927471db','phone','talked',1,'2026-05-06 16:00:00.000000','2026-05-06','[]',1,0);
CREATE TABLE audit_entries (
	number INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	person_id VARCHAR(36), 
	organisation_id VARCHAR(36), 
	action VARCHAR(60) NOT NULL, 
	details JSON NOT NULL, 
	previous VARCHAR(64) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_audit_entries PRIMARY KEY (number)
);
INSERT INTO "audit_entries" VALUES(1,'2026-05-06 16:30:00.000000',NULL,'01a1fc95-355f-78e5-b949-6a5365b13b66','organisation.add','{"kind": "district", "name": "\u00d6sterg\u00f6tland"}','','4300ae47cd245f1d89a0fce8cc7a4795351c43cbd0abdf2b2a553bb348645703');
INSERT INTO "audit_entries" VALUES(2,'2026-05-06 16:30:00.000000',NULL,'01a1fc95-3579-783c-b6fa-2358409cda7a','organisation.add','{"kind": "municipal", "name": "Norrk\u00f6ping"}','4300ae47cd245f1d89a0fce8cc7a4795351c43cbd0abdf2b2a553bb348645703','d665c7feadbb9362b22496345b0ca38eba66eabaa23ad37abc99593a91629d59');
INSERT INTO "audit_entries" VALUES(3,'2026-05-06 16:30:00.000000',NULL,'01a1fc95-357f-7c3a-9715-892a35ab48fb','organisation.add','{"kind": "association", "name": "Hageby s-f\u00f6rening"}','d665c7feadbb9362b22496345b0ca38eba66eabaa23ad37abc99593a91629d59','af95f9b974d3e40ca7a0c9a39857ca9458177d787cce9e9c2f297d0c6b9119b2');
INSERT INTO "audit_entries" VALUES(4,'2026-05-06 16:30:00.000000',NULL,'01a1fc95-3582-79b0-82da-d5918252f29d','organisation.add','{"kind": "association", "name": "Ektorp s-f\u00f6rening"}','af95f9b974d3e40ca7a0c9a39857ca9458177d787cce9e9c2f297d0c6b9119b2','7d78556af40f69574afada42f42fee895707d6956d39a4d8c3fafe4e0c366e38');
INSERT INTO "audit_entries" VALUES(5,'2026-05-06 16:30:00.000000',NULL,'01a1fc95-3586-7787-b968-0a0bc71bac69','organisation.add','{"kind": "municipal", "name": "Link\u00f6ping"}','7d78556af40f69574afada42f42fee895707d6956d39a4d8c3fafe4e0c366e38','cd4d6d21977c4f052a71b4198d8b27ddc2b0127c8d3c6513fb74a9e4544f8a3f');
INSERT INTO "audit_entries" VALUES(6,'2026-05-06 16:30:00.000000',NULL,'01a1fc95-358b-79e9-a7f8-66a5080ff8be','organisation.add','{"kind": "district", "name": "G\u00f6teborgsomr\u00e5det"}','cd4d6d21977c4f052a71b4198d8b27ddc2b0127c8d3c6513fb74a9e4544f8a3f','e660c772bdd01b4593dc933bc4a73a5069e9134fac4c36f3f378433d82896a5d');
INSERT INTO "audit_entries" VALUES(7,'2026-05-06 16:30:00.000000',NULL,'01a1fc95-35b1-7b1c-a5a5-ddec1d260acc','organisation.add','{"kind": "municipal", "name": "Partille"}','e660c772bdd01b4593dc933bc4a73a5069e9134fac4c36f3f378433d82896a5d','9021cb5f9e7b7035a130c070622940866319edc089e40e4a1452d8b4c2713c0c');
INSERT INTO "audit_entries" VALUES(8,'2026-05-06 16:30:00.000000',NULL,'01a1fc95-35bb-7fec-b6bf-3e68d935aa5a','organisation.add','{"kind": "association", "name": "\u00d6jersj\u00f6 s-f\u00f6rening"}','9021cb5f9e7b7035a130c070622940866319edc089e40e4a1452d8b4c2713c0c','e2b1f584fd9ddaedd897090ea86f7d19101042162ed6e4259341141f536394cf');
INSERT INTO "audit_entries" VALUES(9,'2026-05-06 16:30:00.000000','01a1fc95-35c2-70e2-8114-9ac16a0893b4','01a1fc95-355f-78e5-b949-6a5365b13b66','membership.grant','{"member": "01a1fc95-35c2-70e2-8114-9ac16a0893b4", "role": "admin"}','e2b1f584fd9ddaedd897090ea86f7d19101042162ed6e4259341141f536394cf','cd962276b6301be23bcc1482052ad2f5810e0a1e1e29ec8563e3dbce93f1324f');
INSERT INTO "audit_entries" VALUES(10,'2026-05-06 16:30:00.000000','01a1fc95-35c2-70e2-8114-9ac16a0893b4','01a1fc95-3579-783c-b6fa-2358409cda7a','target.set','{"campaign": "01a1fc95-3605-75ae-af75-3d33b9420f13", "organisation": "01a1fc95-3579-783c-b6fa-2358409cda7a", "number": 5000}','cd962276b6301be23bcc1482052ad2f5810e0a1e1e29ec8563e3dbce93f1324f','a08ecc497f57537985629adc7a11a585b0bd9da85e6d9667eccd9a63fca4c6ae');
INSERT INTO "audit_entries" VALUES(11,'2026-05-06 16:30:00.000000','01a1fc95-35c2-70e2-8114-9ac16a0893b4','01a1fc95-3579-783c-b6fa-2358409cda7a','campaign.create','{"campaign": "01a1fc95-3605-75ae-af75-3d33b9420f13", "name": "V\u00e5rkampanjen"}','a08ecc497f57537985629adc7a11a585b0bd9da85e6d9667eccd9a63fca4c6ae','720cf6a52ccd037b3a362b161c075fc7a1e5b5d17f8c1d99d3e5c9100d106207');
INSERT INTO "audit_entries" VALUES(12,'2026-05-06 16:30:00.000000','01a1fc95-35c2-70e2-8114-9ac16a0893b4','01a1fc95-3579-783c-b6fa-2358409cda7a','campaign.open','{"campaign": "01a1fc95-3605-75ae-af75-3d33b9420f13"}','720cf6a52ccd037b3a362b161c075fc7a1e5b5d17f8c1d99d3e5c9100d106207','7aa22b1e17c2c0e7a83d0abe6b29393e26453c537c7f8283d30224e5101a7264');
INSERT INTO "audit_entries" VALUES(13,'2026-05-06 16:30:00.000000','01a1fc95-365c-73d8-8b44-8a77927471db','01a1fc95-357f-7c3a-9715-892a35ab48fb','membership.grant','{"member": "01a1fc95-365c-73d8-8b44-8a77927471db", "role": "volunteer"}','7aa22b1e17c2c0e7a83d0abe6b29393e26453c537c7f8283d30224e5101a7264','0f1570e73bd2dc0887fe7c019e6bca1ab7a281bb21c5fbb779b8480d9a71ec2f');
INSERT INTO "audit_entries" VALUES(14,'2026-05-06 16:30:00.000000','01a1fc95-3660-7307-af04-46488caefd88','01a1fc95-3579-783c-b6fa-2358409cda7a','membership.grant','{"member": "01a1fc95-3660-7307-af04-46488caefd88", "role": "leader"}','0f1570e73bd2dc0887fe7c019e6bca1ab7a281bb21c5fbb779b8480d9a71ec2f','ffadfbea9b9c8ea508db4c065ed645957606c347c563a8bd83c0f86469aaf02c');
INSERT INTO "audit_entries" VALUES(15,'2026-05-06 16:30:00.000000','01a1fc95-366e-7924-9c97-d0c7b483db89','01a1fc95-3579-783c-b6fa-2358409cda7a','membership.grant','{"member": "01a1fc95-366e-7924-9c97-d0c7b483db89", "role": "board"}','ffadfbea9b9c8ea508db4c065ed645957606c347c563a8bd83c0f86469aaf02c','e1834be5a56a29a9bd5b6315d3947ed1d23dd3711f64cba5fbdb973ee91486af');
INSERT INTO "audit_entries" VALUES(16,'2026-05-06 16:30:00.000000','01a1fc95-3674-7b55-ae0c-470c0feda6a1','01a1fc95-3582-79b0-82da-d5918252f29d','membership.grant','{"member": "01a1fc95-3674-7b55-ae0c-470c0feda6a1", "role": "volunteer"}','e1834be5a56a29a9bd5b6315d3947ed1d23dd3711f64cba5fbdb973ee91486af','3e2683758b97fa0bd2ab36687b84a4d2ac488bdabdc655f92afc0a3516d20669');
INSERT INTO "audit_entries" VALUES(17,'2026-05-06 16:30:00.000000','01a1fc95-367c-7261-8669-0d7c5156f44e','01a1fc95-35b1-7b1c-a5a5-ddec1d260acc','membership.grant','{"member": "01a1fc95-367c-7261-8669-0d7c5156f44e", "role": "leader"}','3e2683758b97fa0bd2ab36687b84a4d2ac488bdabdc655f92afc0a3516d20669','2e80a1257aae0acc58b38851243f2b1852d8f701b63969b2e4f98c124c9d55f2');
INSERT INTO "audit_entries" VALUES(18,'2026-05-06 16:30:00.000000','01a1fc95-35c2-70e2-8114-9ac16a0893b4','01a1fc95-357f-7c3a-9715-892a35ab48fb','area.add','{"area": "01a1fc95-368d-7d07-bfbf-4ca086a39a33"}','2e80a1257aae0acc58b38851243f2b1852d8f701b63969b2e4f98c124c9d55f2','fddcb22b4574e67e9cd1f2e5cd49240de0df7881cb36567af95761ee43002600');
INSERT INTO "audit_entries" VALUES(19,'2026-05-06 16:30:00.000000','01a1fc95-35c2-70e2-8114-9ac16a0893b4','01a1fc95-357f-7c3a-9715-892a35ab48fb','area.add','{"area": "01a1fc95-3690-7fed-a1c3-46a5001e447c"}','fddcb22b4574e67e9cd1f2e5cd49240de0df7881cb36567af95761ee43002600','0ed5cac29077b8931c5860f4c121b2e6fe0b669722ffbff404b3898c28f4e00d');
INSERT INTO "audit_entries" VALUES(20,'2026-05-06 16:30:00.000000','01a1fc95-35c2-70e2-8114-9ac16a0893b4','01a1fc95-3582-79b0-82da-d5918252f29d','area.add','{"area": "01a1fc95-369a-78d2-bb5d-0c08115efb7e"}','0ed5cac29077b8931c5860f4c121b2e6fe0b669722ffbff404b3898c28f4e00d','0d12e348936ace78a9818840bdbe62bafcc1a54642315f8da8802f7d18fb9e1d');
CREATE TABLE audit_head (
	id INTEGER NOT NULL, 
	number INTEGER, 
	digest VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_audit_head PRIMARY KEY (id), 
	CONSTRAINT fk_audit_head_number_audit_entries FOREIGN KEY(number) REFERENCES audit_entries (number)
);
INSERT INTO "audit_head" VALUES(1,20,'0d12e348936ace78a9818840bdbe62bafcc1a54642315f8da8802f7d18fb9e1d');
CREATE TABLE campaigns (
	id VARCHAR(36) NOT NULL, 
	organisation_id VARCHAR(36) NOT NULL, 
	name VARCHAR(120) NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	starts_on DATE NOT NULL, 
	ends_on DATE NOT NULL, 
	channels JSON NOT NULL, 
	script TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	opened_at DATETIME, 
	closing_at DATETIME, 
	CONSTRAINT pk_campaigns PRIMARY KEY (id), 
	CONSTRAINT fk_campaigns_organisation_id_organisations FOREIGN KEY(organisation_id) REFERENCES organisations (id)
);
INSERT INTO "campaigns" VALUES('01a1fc95-3605-75ae-af75-3d33b9420f13','01a1fc95-3579-783c-b6fa-2358409cda7a','Vårkampanjen','listen','2026-03-01','2026-12-31','["door", "phone", "stall", "digital", "workplace"]','Hej! Vi är ute och lyssnar.','2026-05-06 16:30:00.000000','2026-05-06 16:30:00.000000',NULL);
CREATE TABLE devices (
	id VARCHAR(36) NOT NULL, 
	token_hash VARCHAR(64) NOT NULL, 
	person_id VARCHAR(36) NOT NULL, 
	label VARCHAR(60) NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_devices PRIMARY KEY (id), 
	CONSTRAINT fk_devices_person_id_persons FOREIGN KEY(person_id) REFERENCES persons (id), 
	CONSTRAINT uq_devices_token_hash UNIQUE (token_hash)
);
CREATE TABLE installations (
	id VARCHAR(36) NOT NULL, 
	person_id VARCHAR(36) NOT NULL, 
	organisation_id VARCHAR(36) NOT NULL, 
	max_seq INTEGER NOT NULL, 
	low_seq INTEGER NOT NULL, 
	missing INTEGER NOT NULL, 
	pending INTEGER NOT NULL, 
	heard_at DATETIME NOT NULL, 
	CONSTRAINT pk_installations PRIMARY KEY (id), 
	CONSTRAINT fk_installations_organisation_id_organisations FOREIGN KEY(organisation_id) REFERENCES organisations (id), 
	CONSTRAINT fk_installations_person_id_persons FOREIGN KEY(person_id) REFERENCES persons (id)
);
INSERT INTO "installations" VALUES('01a1fc95-36b7-7319-8469-f351523e81d0','01a1fc95-365c-73d8-8b44-8a77927471db','01a1fc95-357f-7c3a-9715-892a35ab48fb',9,9,0,0,'2026-05-06 16:30:00.000000');
CREATE TABLE join_links (
	id VARCHAR(36) NOT NULL, 
	code_hash VARCHAR(64) NOT NULL, 
	organisation_id VARCHAR(36) NOT NULL, 
	campaign_id VARCHAR(36) NOT NULL, 
	expires_at DATETIME NOT NULL, 
	withdrawn_at DATETIME, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_join_links PRIMARY KEY (id), 
	CONSTRAINT fk_join_links_organisation_id_organisations FOREIGN KEY(organisation_id) REFERENCES organisations (id), 
	CONSTRAINT uq_join_links_code_hash UNIQUE (code_hash)
);
CREATE TABLE memberships (
	id VARCHAR(36) NOT NULL, 
	person_id VARCHAR(36) NOT NULL, 
	organisation_id VARCHAR(36) NOT NULL, 
	role VARCHAR(20) NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_memberships PRIMARY KEY (id), 
	CONSTRAINT fk_memberships_organisation_id_organisations FOREIGN KEY(organisation_id) REFERENCES organisations (id), 
	CONSTRAINT fk_memberships_person_id_persons FOREIGN KEY(person_id) REFERENCES persons (id), 
	CONSTRAINT uq_memberships_person_id_organisation_id_role UNIQUE (person_id, organisation_id, role)
);
INSERT INTO "memberships" VALUES('01a1fc95-35fb-780e-a924-7e53c7c6299c','01a1fc95-35c2-70e2-8114-9ac16a0893b4','01a1fc95-355f-78e5-b949-6a5365b13b66','admin','2026-05-06 16:30:00.000000');
INSERT INTO "memberships" VALUES('01a1fc95-365e-7210-b59e-0797c0017c9c','01a1fc95-365c-73d8-8b44-8a77927471db','01a1fc95-357f-7c3a-9715-892a35ab48fb','volunteer','2026-05-06 16:30:00.000000');
INSERT INTO "memberships" VALUES('01a1fc95-3661-7d21-9c39-03463bfffc49','01a1fc95-3660-7307-af04-46488caefd88','01a1fc95-3579-783c-b6fa-2358409cda7a','leader','2026-05-06 16:30:00.000000');
INSERT INTO "memberships" VALUES('01a1fc95-3672-70b9-9760-9baace22ac02','01a1fc95-366e-7924-9c97-d0c7b483db89','01a1fc95-3579-783c-b6fa-2358409cda7a','board','2026-05-06 16:30:00.000000');
INSERT INTO "memberships" VALUES('01a1fc95-367a-7b44-904f-510b17f06ac0','01a1fc95-3674-7b55-ae0c-470c0feda6a1','01a1fc95-3582-79b0-82da-d5918252f29d','volunteer','2026-05-06 16:30:00.000000');
INSERT INTO "memberships" VALUES('01a1fc95-3682-7fb5-9d75-1b97dd5a2a80','01a1fc95-367c-7261-8669-0d7c5156f44e','01a1fc95-35b1-7b1c-a5a5-ddec1d260acc','leader','2026-05-06 16:30:00.000000');
CREATE TABLE operations (
	id VARCHAR(36) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	installation_id VARCHAR(36) NOT NULL, 
	seq INTEGER NOT NULL, 
	attempt_id VARCHAR(36) NOT NULL, 
	rev INTEGER NOT NULL, 
	verdict VARCHAR(12) NOT NULL, 
	received_at DATETIME NOT NULL, 
	CONSTRAINT pk_operations PRIMARY KEY (id)
);
INSERT INTO "operations" VALUES('01a1fc95-36af-72d4-a793-d05d4f5254ea','551491d5fec546ff6f051eb49f40c4e7701ae6c68882d9022c7f98560fa38c07','01a1fc95-36b7-7319-8469-f351523e81d0',1,'01a1fc95-36af-773c-b6fa-56d7494a38d1',1,'stored','2026-05-06 16:30:00.000000');
INSERT INTO "operations" VALUES('01a1fc95-36b7-70b3-ae0f-8d2e6f83e7cd','f26b0f45a9a499a1c4d0bc9bcc9b08fc9559b8c2cc15698e3097a3d727d935f1','01a1fc95-36b7-7319-8469-f351523e81d0',2,'01a1fc95-36b7-7abe-b8d1-23ebc6a2e56c',1,'stored','2026-05-06 16:30:00.000000');
INSERT INTO "operations" VALUES('01a1fc95-36b7-7a6f-b4c6-01c0f045be4c','b6fe7586972feb7707e3891238870c08235ce36f67fca243ee1a3593b2f5f099','01a1fc95-36b7-7319-8469-f351523e81d0',3,'01a1fc95-36b7-7952-a882-93d408146ca2',1,'stored','2026-05-06 16:30:00.000000');
INSERT INTO "operations" VALUES('01a1fc95-36b7-7296-9afa-f17567d6641e','77c935e9c8b00c49d757e3862ada4091321efbc3e6ea71b7c80470d972546a05','01a1fc95-36b7-7319-8469-f351523e81d0',4,'01a1fc95-36b7-7e7a-ba50-72f8ecb71849',1,'stored','2026-05-06 16:30:00.000000');
INSERT INTO "operations" VALUES('01a1fc95-36b7-761c-9ab9-2a1a210d2acb','0cb8d61fa4fbec86ba135421656eed5980a841130f74afb573816ff8d93f71c6','01a1fc95-36b7-7319-8469-f351523e81d0',5,'01a1fc95-36b7-75c8-bed2-7ebc67b0a661',1,'stored','2026-05-06 16:30:00.000000');
INSERT INTO "operations" VALUES('01a1fc95-36b7-778d-8b3d-b4ff48aa7c7c','ff408fe56b1e982fe7441780da70a52f31136a714bd50fca77da36f1cd133c72','01a1fc95-36b7-7319-8469-f351523e81d0',6,'01a1fc95-36b7-71e7-8fdd-813084d3e044',1,'stored','2026-05-06 16:30:00.000000');
INSERT INTO "operations" VALUES('01a1fc95-36b7-7457-aa3d-014ad514a4d9','ecb9d36dca8da4057958e46d71c15d9b4559b1df7915cb6c44ab2f33bfa8792b','01a1fc95-36b7-7319-8469-f351523e81d0',7,'01a1fc95-36b7-7543-a16b-b1358c3d43dc',1,'stored','2026-05-06 16:30:00.000000');
INSERT INTO "operations" VALUES('01a1fc95-36b7-75e5-ac70-eab4a07575f4','84b336bfc3539d3aa7b2872f94b0fb24d082a74d0a31353b4917bf3b61bd7a71','01a1fc95-36b7-7319-8469-f351523e81d0',8,'01a1fc95-36b7-76b4-842a-66ad33e92dd7',1,'stored','2026-05-06 16:30:00.000000');
INSERT INTO "operations" VALUES('01a1fc95-36b7-7388-a9bd-6f19e5314f6f','9a271c9fdf193d834302820f7a6f7303cc7f0cc8d0f31340c84e552cf21fa344','01a1fc95-36b7-7319-8469-f351523e81d0',9,'01a1fc95-36b7-738e-b327-270db75f3335',1,'quarantined','2026-05-06 16:30:00.000000');
CREATE TABLE organisations (
	id VARCHAR(36) NOT NULL, 
	parent_id VARCHAR(36), 
	kind VARCHAR(20) NOT NULL, 
	name VARCHAR(120) NOT NULL, 
	code VARCHAR(20) NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_organisations PRIMARY KEY (id), 
	CONSTRAINT fk_organisations_parent_id_organisations FOREIGN KEY(parent_id) REFERENCES organisations (id), 
	CONSTRAINT uq_organisations_parent_id_name UNIQUE (parent_id, name)
);
INSERT INTO "organisations" VALUES('01a1fc95-355f-78e5-b949-6a5365b13b66',NULL,'district','Östergötland','','2026-05-06 16:30:00.000000');
INSERT INTO "organisations" VALUES('01a1fc95-3579-783c-b6fa-2358409cda7a','01a1fc95-355f-78e5-b949-6a5365b13b66','municipal','Norrköping','0581','2026-05-06 16:30:00.000000');
INSERT INTO "organisations" VALUES('01a1fc95-357f-7c3a-9715-892a35ab48fb','01a1fc95-3579-783c-b6fa-2358409cda7a','association','Hageby s-förening','','2026-05-06 16:30:00.000000');
INSERT INTO "organisations" VALUES('01a1fc95-3582-79b0-82da-d5918252f29d','01a1fc95-3579-783c-b6fa-2358409cda7a','association','Ektorp s-förening','','2026-05-06 16:30:00.000000');
INSERT INTO "organisations" VALUES('01a1fc95-3586-7787-b968-0a0bc71bac69','01a1fc95-355f-78e5-b949-6a5365b13b66','municipal','Linköping','0580','2026-05-06 16:30:00.000000');
INSERT INTO "organisations" VALUES('01a1fc95-358b-79e9-a7f8-66a5080ff8be',NULL,'district','Göteborgsområdet','','2026-05-06 16:30:00.000000');
INSERT INTO "organisations" VALUES('01a1fc95-35b1-7b1c-a5a5-ddec1d260acc','01a1fc95-358b-79e9-a7f8-66a5080ff8be','municipal','Partille','1402','2026-05-06 16:30:00.000000');
INSERT INTO "organisations" VALUES('01a1fc95-35bb-7fec-b6bf-3e68d935aa5a','01a1fc95-35b1-7b1c-a5a5-ddec1d260acc','association','Öjersjö s-förening','','2026-05-06 16:30:00.000000');
CREATE TABLE persons (
	id VARCHAR(36) NOT NULL, 
	name VARCHAR(60) NOT NULL, 
	email VARCHAR(254), 
	password_hash VARCHAR(200), 
	language VARCHAR(2) NOT NULL, 
	association_id VARCHAR(36) NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_persons PRIMARY KEY (id), 
	CONSTRAINT fk_persons_association_id_organisations FOREIGN KEY(association_id) REFERENCES organisations (id), 
	CONSTRAINT uq_persons_email UNIQUE (email)
);
INSERT INTO "persons" VALUES('01a1fc95-35c2-70e2-8114-9ac16a0893b4','Adam','adam@example.org','$argon2id$v=19$m=19456,t=2,p=1$N5G0ERlaR9RFoEp1C8VICA$2LoRDBfMvy+u6XCP0Nm5dJrBjE3X2KwEC/bVQQ8WEB8','sv','01a1fc95-3579-783c-b6fa-2358409cda7a','2026-05-06 16:30:00.000000');
INSERT INTO "persons" VALUES('01a1fc95-365c-73d8-8b44-8a77927471db','Alva',NULL,NULL,'sv','01a1fc95-357f-7c3a-9715-892a35ab48fb','2026-05-06 16:30:00.000000');
INSERT INTO "persons" VALUES('01a1fc95-3660-7307-af04-46488caefd88','Bo','bo@example.org','$argon2id$v=19$m=19456,t=2,p=1$N5G0ERlaR9RFoEp1C8VICA$2LoRDBfMvy+u6XCP0Nm5dJrBjE3X2KwEC/bVQQ8WEB8','sv','01a1fc95-3579-783c-b6fa-2358409cda7a','2026-05-06 16:30:00.000000');
INSERT INTO "persons" VALUES('01a1fc95-366e-7924-9c97-d0c7b483db89','Cia','cia@example.org','$argon2id$v=19$m=19456,t=2,p=1$N5G0ERlaR9RFoEp1C8VICA$2LoRDBfMvy+u6XCP0Nm5dJrBjE3X2KwEC/bVQQ8WEB8','sv','01a1fc95-3579-783c-b6fa-2358409cda7a','2026-05-06 16:30:00.000000');
INSERT INTO "persons" VALUES('01a1fc95-3674-7b55-ae0c-470c0feda6a1','Dag',NULL,NULL,'sv','01a1fc95-3582-79b0-82da-d5918252f29d','2026-05-06 16:30:00.000000');
INSERT INTO "persons" VALUES('01a1fc95-367c-7261-8669-0d7c5156f44e','Esa','esa@example.org','$argon2id$v=19$m=19456,t=2,p=1$N5G0ERlaR9RFoEp1C8VICA$2LoRDBfMvy+u6XCP0Nm5dJrBjE3X2KwEC/bVQQ8WEB8','sv','01a1fc95-35bb-7fec-b6bf-3e68d935aa5a','2026-05-06 16:30:00.000000');
CREATE TABLE pulses (
	campaign_id VARCHAR(36) NOT NULL, 
	organisation_id VARCHAR(36) NOT NULL, 
	beat INTEGER NOT NULL, 
	CONSTRAINT pk_pulses PRIMARY KEY (campaign_id, organisation_id)
);
INSERT INTO "pulses" VALUES('01a1fc95-3605-75ae-af75-3d33b9420f13','01a1fc95-357f-7c3a-9715-892a35ab48fb',8);
CREATE TABLE quarantine (
	id VARCHAR(36) NOT NULL, 
	operation_id VARCHAR(36) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	raw TEXT NOT NULL, 
	code VARCHAR(30) NOT NULL, 
	author_id VARCHAR(36) NOT NULL, 
	organisation_id VARCHAR(36) NOT NULL, 
	received_at DATETIME NOT NULL, 
	decision VARCHAR(10) NOT NULL, 
	decided_at DATETIME, 
	decided_by_id VARCHAR(36), 
	CONSTRAINT pk_quarantine PRIMARY KEY (id), 
	CONSTRAINT fk_quarantine_author_id_persons FOREIGN KEY(author_id) REFERENCES persons (id), 
	CONSTRAINT fk_quarantine_decided_by_id_persons FOREIGN KEY(decided_by_id) REFERENCES persons (id), 
	CONSTRAINT fk_quarantine_organisation_id_organisations FOREIGN KEY(organisation_id) REFERENCES organisations (id), 
	CONSTRAINT uq_quarantine_operation_id_digest UNIQUE (operation_id, digest)
);
INSERT INTO "quarantine" VALUES('01a1fc95-37ab-7f07-9ba3-a9b4acc99f93','01a1fc95-36b7-7388-a9bd-6f19e5314f6f','9a271c9fdf193d834302820f7a6f7303cc7f0cc8d0f31340c84e552cf21fa344','{"at":"2026-05-06T16:30:00.000Z","attempt":"01a1fc95-36b7-738e-b327-270db75f3335","base":0,"campaign":"01a1fc95-3605-75ae-af75-3d33b9420f13","data":{"area":null,"channel":"door","n":70,"outcome":"refused","topics":[]},"kind":"create","offset":0,"op":"01a1fc95-36b7-7388-a9bd-6f19e5314f6f","rev":1,"schema":1,"seq":9}','number','01a1fc95-365c-73d8-8b44-8a77927471db','01a1fc95-357f-7c3a-9715-892a35ab48fb','2026-05-06 16:30:00.000000','',NULL,NULL);
CREATE TABLE server_facts (
	name VARCHAR(40) NOT NULL, 
	value VARCHAR(200) NOT NULL, 
	CONSTRAINT pk_server_facts PRIMARY KEY (name)
);
INSERT INTO "server_facts" VALUES('epoch','01a1fc95-3454-7bd5-878d-be970a630227');
INSERT INTO "server_facts" VALUES('durable_before','');
CREATE TABLE sessions (
	id VARCHAR(36) NOT NULL, 
	token_hash VARCHAR(64) NOT NULL, 
	person_id VARCHAR(36) NOT NULL, 
	label VARCHAR(60) NOT NULL, 
	created_at DATETIME NOT NULL, 
	seen_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	CONSTRAINT pk_sessions PRIMARY KEY (id), 
	CONSTRAINT fk_sessions_person_id_persons FOREIGN KEY(person_id) REFERENCES persons (id), 
	CONSTRAINT uq_sessions_token_hash UNIQUE (token_hash)
);
CREATE TABLE tallies (
	campaign_id VARCHAR(36) NOT NULL, 
	dimension VARCHAR(10) NOT NULL, 
	organisation_id VARCHAR(36) NOT NULL, 
	"key" VARCHAR(36) NOT NULL, 
	outcome VARCHAR(20) NOT NULL, 
	number INTEGER NOT NULL, 
	CONSTRAINT pk_tallies PRIMARY KEY (campaign_id, dimension, organisation_id, "key", outcome)
);
INSERT INTO "tallies" VALUES('01a1fc95-3605-75ae-af75-3d33b9420f13','area','01a1fc95-357f-7c3a-9715-892a35ab48fb','','talked',6);
INSERT INTO "tallies" VALUES('01a1fc95-3605-75ae-af75-3d33b9420f13','channel','01a1fc95-357f-7c3a-9715-892a35ab48fb','stall','talked',4);
INSERT INTO "tallies" VALUES('01a1fc95-3605-75ae-af75-3d33b9420f13','day','01a1fc95-357f-7c3a-9715-892a35ab48fb','2026-05-06','talked',7);
INSERT INTO "tallies" VALUES('01a1fc95-3605-75ae-af75-3d33b9420f13','area','01a1fc95-357f-7c3a-9715-892a35ab48fb','01a1fc95-368d-7d07-bfbf-4ca086a39a33','not_home',1);
INSERT INTO "tallies" VALUES('01a1fc95-3605-75ae-af75-3d33b9420f13','channel','01a1fc95-357f-7c3a-9715-892a35ab48fb','door','not_home',3);
INSERT INTO "tallies" VALUES('01a1fc95-3605-75ae-af75-3d33b9420f13','day','01a1fc95-357f-7c3a-9715-892a35ab48fb','2026-05-06','not_home',3);
INSERT INTO "tallies" VALUES('01a1fc95-3605-75ae-af75-3d33b9420f13','channel','01a1fc95-357f-7c3a-9715-892a35ab48fb','door','talked',2);
INSERT INTO "tallies" VALUES('01a1fc95-3605-75ae-af75-3d33b9420f13','topic','01a1fc95-357f-7c3a-9715-892a35ab48fb','01a1fc95-3608-7f69-93b0-f5f851ffb527','talked',1);
INSERT INTO "tallies" VALUES('01a1fc95-3605-75ae-af75-3d33b9420f13','area','01a1fc95-357f-7c3a-9715-892a35ab48fb','','not_home',2);
INSERT INTO "tallies" VALUES('01a1fc95-3605-75ae-af75-3d33b9420f13','area','01a1fc95-357f-7c3a-9715-892a35ab48fb','01a1fc95-3690-7fed-a1c3-46a5001e447c','talked',1);
INSERT INTO "tallies" VALUES('01a1fc95-3605-75ae-af75-3d33b9420f13','area','01a1fc95-357f-7c3a-9715-892a35ab48fb','','refused',1);
INSERT INTO "tallies" VALUES('01a1fc95-3605-75ae-af75-3d33b9420f13','channel','01a1fc95-357f-7c3a-9715-892a35ab48fb','door','refused',1);
INSERT INTO "tallies" VALUES('01a1fc95-3605-75ae-af75-3d33b9420f13','day','01a1fc95-357f-7c3a-9715-892a35ab48fb','2026-05-06','refused',1);
INSERT INTO "tallies" VALUES('01a1fc95-3605-75ae-af75-3d33b9420f13','area','01a1fc95-357f-7c3a-9715-892a35ab48fb','','no_answer',1);
INSERT INTO "tallies" VALUES('01a1fc95-3605-75ae-af75-3d33b9420f13','channel','01a1fc95-357f-7c3a-9715-892a35ab48fb','phone','no_answer',1);
INSERT INTO "tallies" VALUES('01a1fc95-3605-75ae-af75-3d33b9420f13','day','01a1fc95-357f-7c3a-9715-892a35ab48fb','2026-05-06','no_answer',1);
INSERT INTO "tallies" VALUES('01a1fc95-3605-75ae-af75-3d33b9420f13','channel','01a1fc95-357f-7c3a-9715-892a35ab48fb','phone','talked',1);
CREATE TABLE targets (
	id VARCHAR(36) NOT NULL, 
	campaign_id VARCHAR(36) NOT NULL, 
	organisation_id VARCHAR(36) NOT NULL, 
	revision INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	set_at DATETIME NOT NULL, 
	set_by_id VARCHAR(36), 
	CONSTRAINT pk_targets PRIMARY KEY (id), 
	CONSTRAINT fk_targets_campaign_id_campaigns FOREIGN KEY(campaign_id) REFERENCES campaigns (id), 
	CONSTRAINT fk_targets_organisation_id_organisations FOREIGN KEY(organisation_id) REFERENCES organisations (id), 
	CONSTRAINT fk_targets_set_by_id_persons FOREIGN KEY(set_by_id) REFERENCES persons (id), 
	CONSTRAINT uq_targets_campaign_id_organisation_id_revision UNIQUE (campaign_id, organisation_id, revision)
);
INSERT INTO "targets" VALUES('01a1fc95-3640-71c4-8d34-9842d8eba08b','01a1fc95-3605-75ae-af75-3d33b9420f13','01a1fc95-3579-783c-b6fa-2358409cda7a',1,5000,'2026-05-06 16:30:00.000000','01a1fc95-35c2-70e2-8114-9ac16a0893b4');
CREATE TABLE tickets (
	id VARCHAR(36) NOT NULL, 
	token_hash VARCHAR(64) NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	organisation_id VARCHAR(36), 
	role VARCHAR(20) NOT NULL, 
	person_id VARCHAR(36), 
	invited_by_id VARCHAR(36), 
	note VARCHAR(60) NOT NULL, 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	spent_at DATETIME, 
	CONSTRAINT pk_tickets PRIMARY KEY (id), 
	CONSTRAINT fk_tickets_organisation_id_organisations FOREIGN KEY(organisation_id) REFERENCES organisations (id), 
	CONSTRAINT fk_tickets_person_id_persons FOREIGN KEY(person_id) REFERENCES persons (id), 
	CONSTRAINT uq_tickets_token_hash UNIQUE (token_hash)
);
CREATE TABLE topics (
	id VARCHAR(36) NOT NULL, 
	campaign_id VARCHAR(36) NOT NULL, 
	name VARCHAR(60) NOT NULL, 
	position INTEGER NOT NULL, 
	retired_at DATETIME, 
	CONSTRAINT pk_topics PRIMARY KEY (id), 
	CONSTRAINT fk_topics_campaign_id_campaigns FOREIGN KEY(campaign_id) REFERENCES campaigns (id)
);
INSERT INTO "topics" VALUES('01a1fc95-3608-7f69-93b0-f5f851ffb527','01a1fc95-3605-75ae-af75-3d33b9420f13','Skolan',0,NULL);
INSERT INTO "topics" VALUES('01a1fc95-3608-7240-9999-3bd60ccfc3f5','01a1fc95-3605-75ae-af75-3d33b9420f13','Vården',1,NULL);
INSERT INTO "topics" VALUES('01a1fc95-3608-71ff-9a8c-fc2ddd351379','01a1fc95-3605-75ae-af75-3d33b9420f13','Tryggheten',2,NULL);
CREATE TABLE tries (
	"key" VARCHAR(64) NOT NULL, 
	since DATETIME NOT NULL, 
	count INTEGER NOT NULL, 
	CONSTRAINT pk_tries PRIMARY KEY ("key")
);
CREATE INDEX ix_audit_entries_organisation_id ON audit_entries (organisation_id);
CREATE INDEX ix_operations_installation_id_seq ON operations (installation_id, seq);
CREATE INDEX ix_operations_received_at ON operations (received_at);
CREATE INDEX ix_organisations_parent_id ON organisations (parent_id);
CREATE INDEX ix_campaigns_organisation_id ON campaigns (organisation_id);
CREATE INDEX ix_join_links_campaign_id ON join_links (campaign_id);
CREATE INDEX ix_join_links_organisation_id ON join_links (organisation_id);
CREATE INDEX ix_persons_association_id ON persons (association_id);
CREATE INDEX ix_attempts_campaign_id_organisation_id ON attempts (campaign_id, organisation_id);
CREATE INDEX ix_attempts_happened_on ON attempts (happened_on);
CREATE INDEX ix_devices_person_id ON devices (person_id);
CREATE INDEX ix_installations_organisation_id ON installations (organisation_id);
CREATE INDEX ix_memberships_organisation_id ON memberships (organisation_id);
CREATE INDEX ix_quarantine_organisation_id ON quarantine (organisation_id);
CREATE INDEX ix_sessions_person_id ON sessions (person_id);
CREATE INDEX ix_targets_organisation_id ON targets (organisation_id);
CREATE INDEX ix_topics_campaign_id ON topics (campaign_id);
COMMIT;
