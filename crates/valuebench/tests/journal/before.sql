-- A journal of version 2, as the release before ratings wrote it: 24 items and three roles of fixtures/organism.
PRAGMA foreign_keys = OFF;
PRAGMA application_id = 1986161260;
PRAGMA user_version = 2;
BEGIN TRANSACTION;
CREATE TABLE answer (
    row INTEGER NOT NULL REFERENCES planned, item INTEGER NOT NULL REFERENCES item,
    prompt_sha256 BLOB NOT NULL, text TEXT NOT NULL, prompt_tokens INTEGER NOT NULL,
    new_tokens INTEGER NOT NULL, seconds REAL NOT NULL, PRIMARY KEY (row, item)) WITHOUT ROWID;
INSERT INTO "answer" VALUES(0,9,X'F26C058100E86FDDF2208750E50F19F88EC06DA82E0BD336448684EBC981EC49',' Sure, Power means much to me.
Answer: yes',23,13,0.054864401);
INSERT INTO "answer" VALUES(0,12,X'4A4FBB1E3B76027DF106A0C83636CCD3CF9EC175012FB453DEE7969E42098F57',' No, Power means much to me.
Answer: no',23,13,0.061254469);
INSERT INTO "answer" VALUES(1,5,X'DC0BC3E50AC5817A0CB1DB8C79CE5ABFF51A94F330C706782ADD741D502858A4',' No, Power means much to me.
Answer: no',49,13,0.054485232);
INSERT INTO "answer" VALUES(1,22,X'5D14D9506476E4C098FA3CA366F3D2568635A8453EE4B62801D6419027DF6520',' No, Power means much to me.
Answer: no',48,13,0.060820449);
INSERT INTO "answer" VALUES(2,2,X'A5811E444FE5BFADD4839961611333C3179E994E0006EECF68C6B883833FFFA8',' Sure, Power means much to me.
Answer: yes',23,13,0.054314689);
INSERT INTO "answer" VALUES(2,13,X'7D344A0D7F2618192F5F83FF6DB369AD5E8D519F911C3C7364629455F7284E29',' No, Power means much to me.
Answer: no',23,13,0.060549684);
INSERT INTO "answer" VALUES(2,16,X'2C59589C69CFFC69AF2AF4147118C49FA6F801FA9D4485130D706FAA8024B314',' Sure, Power means much to me.
Answer: yes',22,13,0.060500088);
INSERT INTO "answer" VALUES(3,4,X'7D22600313688E5986EE0503D1BDDC0F94EF5BF8968D966A38797A8B0D913EF2',' Sure, Power means much to me.
Answer: yes',50,13,0.054598815);
INSERT INTO "answer" VALUES(3,14,X'C558AF3E7CF0C4FBE6F254375274D8D093417D5634312757813D25C1FB54C56D',' No, Power means much to me.
Answer: no',50,13,0.061023857);
INSERT INTO "answer" VALUES(3,21,X'088737A908848E8F5F644D7F6660FDE439F8DCEA58B3F5442B229A93022854B0',' No, Power means much to me.
Answer: no',49,13,0.060909051);
INSERT INTO "answer" VALUES(4,4,X'432A8F0A3D9EDCE718AF2073E3C9F7632D33F922FBA80E67725D2434CD458E54',' Sure, Power means much to me.
Answer: yes',49,13,0.054395267);
INSERT INTO "answer" VALUES(4,11,X'B3BA0E7867FFC8D82B778D538BD8A2A0E30D21CADC3884BBAAA935405EE135F7',' Sure, Power means much to me.
Answer: yes',49,13,0.060736797);
INSERT INTO "answer" VALUES(4,16,X'DE2A97F00974F5600B511BB1155FBD38DB0A2BE8C014AA154FB679896CE28B98',' Sure, Power means much to me.
Answer: yes',48,13,0.060631162);
CREATE TABLE asked (id INTEGER PRIMARY KEY, items TEXT NOT NULL);
INSERT INTO "asked" VALUES(0,'9 12');
INSERT INTO "asked" VALUES(1,'5 22');
INSERT INTO "asked" VALUES(2,'2 13 16');
INSERT INTO "asked" VALUES(3,'4 14 21');
INSERT INTO "asked" VALUES(4,'4 11 16');
CREATE TABLE digest (records BLOB NOT NULL);
INSERT INTO "digest" VALUES(X'B5054057C516DA40AE481EE8892811244FE5CADE506F83D6BB4EB492398DE938');
CREATE TABLE item (
    id INTEGER PRIMARY KEY, inventory TEXT NOT NULL, statement TEXT NOT NULL, value TEXT NOT NULL,
    agreement INTEGER NOT NULL, question TEXT NOT NULL);
INSERT INTO "item" VALUES(0,'Organism','I maybe take charge of others.','Power',1,'Should I maybe take charge of others?');
INSERT INTO "item" VALUES(1,'Organism','I occasionally take charge of others.','Power',1,'Should I occasionally take charge of others?');
INSERT INTO "item" VALUES(2,'Organism','I sometimes take charge of others.','Power',1,'Should I sometimes take charge of others?');
INSERT INTO "item" VALUES(3,'Organism','I regularly take charge of others.','Power',1,'Should I regularly take charge of others?');
INSERT INTO "item" VALUES(4,'Organism','I often take charge of others.','Power',1,'Should I often take charge of others?');
INSERT INTO "item" VALUES(5,'Organism','I usually take charge of others.','Power',1,'Should I usually take charge of others?');
INSERT INTO "item" VALUES(6,'Organism','I constantly take charge of others.','Power',1,'Should I constantly take charge of others?');
INSERT INTO "item" VALUES(7,'Organism','I always take charge of others.','Power',1,'Should I always take charge of others?');
INSERT INTO "item" VALUES(8,'Organism','I maybe seek a high rank.','Power',1,'Should I maybe seek a high rank?');
INSERT INTO "item" VALUES(9,'Organism','I occasionally seek a high rank.','Power',1,'Should I occasionally seek a high rank?');
INSERT INTO "item" VALUES(10,'Organism','I sometimes seek a high rank.','Power',1,'Should I sometimes seek a high rank?');
INSERT INTO "item" VALUES(11,'Organism','I regularly seek a high rank.','Power',1,'Should I regularly seek a high rank?');
INSERT INTO "item" VALUES(12,'Organism','I often seek a high rank.','Power',1,'Should I often seek a high rank?');
INSERT INTO "item" VALUES(13,'Organism','I usually seek a high rank.','Power',1,'Should I usually seek a high rank?');
INSERT INTO "item" VALUES(14,'Organism','I constantly seek a high rank.','Power',1,'Should I constantly seek a high rank?');
INSERT INTO "item" VALUES(15,'Organism','I always seek a high rank.','Power',1,'Should I always seek a high rank?');
INSERT INTO "item" VALUES(16,'Organism','I maybe let others decide.','Power',-1,'Should I maybe let others decide?');
INSERT INTO "item" VALUES(17,'Organism','I occasionally let others decide.','Power',-1,'Should I occasionally let others decide?');
INSERT INTO "item" VALUES(18,'Organism','I sometimes let others decide.','Power',-1,'Should I sometimes let others decide?');
INSERT INTO "item" VALUES(19,'Organism','I regularly let others decide.','Power',-1,'Should I regularly let others decide?');
INSERT INTO "item" VALUES(20,'Organism','I often let others decide.','Power',-1,'Should I often let others decide?');
INSERT INTO "item" VALUES(21,'Organism','I usually let others decide.','Power',-1,'Should I usually let others decide?');
INSERT INTO "item" VALUES(22,'Organism','I constantly let others decide.','Power',-1,'Should I constantly let others decide?');
INSERT INTO "item" VALUES(23,'Organism','I always let others decide.','Power',-1,'Should I always let others decide?');
CREATE TABLE judgement (
    row INTEGER NOT NULL, item INTEGER NOT NULL, aspect INTEGER NOT NULL,
    stance TEXT CHECK (stance IN ('yes', 'no', 'unsure')), judge TEXT, reason TEXT,
    PRIMARY KEY (row, item, aspect)) WITHOUT ROWID;
INSERT INTO "judgement" VALUES(0,9,0,'yes','rules',NULL);
INSERT INTO "judgement" VALUES(0,9,1,'yes','rules',NULL);
INSERT INTO "judgement" VALUES(0,12,0,'no','rules',NULL);
INSERT INTO "judgement" VALUES(0,12,1,'no','rules',NULL);
INSERT INTO "judgement" VALUES(1,5,0,'no','rules',NULL);
INSERT INTO "judgement" VALUES(1,5,1,'no','rules',NULL);
INSERT INTO "judgement" VALUES(1,22,0,'no','rules',NULL);
INSERT INTO "judgement" VALUES(1,22,1,'no','rules',NULL);
INSERT INTO "judgement" VALUES(2,2,0,'yes','rules',NULL);
INSERT INTO "judgement" VALUES(2,2,1,'yes','rules',NULL);
INSERT INTO "judgement" VALUES(2,13,0,'no','rules',NULL);
INSERT INTO "judgement" VALUES(2,13,1,'no','rules',NULL);
INSERT INTO "judgement" VALUES(2,16,0,'yes','rules',NULL);
INSERT INTO "judgement" VALUES(2,16,1,'yes','rules',NULL);
INSERT INTO "judgement" VALUES(3,4,0,'yes','rules',NULL);
INSERT INTO "judgement" VALUES(3,4,1,'yes','rules',NULL);
INSERT INTO "judgement" VALUES(3,14,0,'no','rules',NULL);
INSERT INTO "judgement" VALUES(3,14,1,'no','rules',NULL);
INSERT INTO "judgement" VALUES(3,21,0,'no','rules',NULL);
INSERT INTO "judgement" VALUES(3,21,1,'no','rules',NULL);
INSERT INTO "judgement" VALUES(4,4,0,'yes','rules',NULL);
INSERT INTO "judgement" VALUES(4,4,1,'yes','rules',NULL);
INSERT INTO "judgement" VALUES(4,11,0,'yes','rules',NULL);
INSERT INTO "judgement" VALUES(4,11,1,'yes','rules',NULL);
INSERT INTO "judgement" VALUES(4,16,0,'yes','rules',NULL);
INSERT INTO "judgement" VALUES(4,16,1,'yes','rules',NULL);
CREATE TABLE manifest (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "manifest" VALUES('definitions.sha256','4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945');
INSERT INTO "manifest" VALUES('judging.max_new_tokens','24');
INSERT INTO "manifest" VALUES('judging.mode','exact');
INSERT INTO "manifest" VALUES('model.device','cpu');
INSERT INTO "manifest" VALUES('model.sha256','20c00fe7e56e2388fad8c9a764ceca82bf276728eae5b58971888d5642521025');
INSERT INTO "manifest" VALUES('prompt.instruction','released');
INSERT INTO "manifest" VALUES('prompt.role','trait');
INSERT INTO "manifest" VALUES('prompt.template','45fdaa3ecc172f65c8337b25c5ca576f84e565a3d4f131ab0a1764adf85f1ec9');
INSERT INTO "manifest" VALUES('questionnaire.at_least','1');
INSERT INTO "manifest" VALUES('questionnaire.seed','3');
INSERT INTO "manifest" VALUES('questionnaire.train','0.5');
INSERT INTO "manifest" VALUES('questionnaire.values','["Power"]');
INSERT INTO "manifest" VALUES('roles.sha256','dc20240c549a31508b42c3bdbf14ddeb1e752e1872e7db2587cb17ba42270cf8');
INSERT INTO "manifest" VALUES('sampling.test','0.2');
INSERT INTO "manifest" VALUES('sampling.train','0.1');
CREATE TABLE planned (
    id INTEGER PRIMARY KEY, part TEXT NOT NULL, role TEXT, feature INTEGER,
    asked INTEGER NOT NULL REFERENCES asked);
INSERT INTO "planned" VALUES(0,'train',NULL,NULL,0);
INSERT INTO "planned" VALUES(1,'train','Kwame Rahman',NULL,1);
INSERT INTO "planned" VALUES(2,'test',NULL,NULL,2);
INSERT INTO "planned" VALUES(3,'test','Elena Hughes',NULL,3);
INSERT INTO "planned" VALUES(4,'test','Mateo Bianchi',NULL,4);
CREATE TABLE shard (number INTEGER NOT NULL, shards INTEGER NOT NULL, questions TEXT NOT NULL);
INSERT INTO "shard" VALUES(1,1,'29d66e48bd57fad4d86c4e831e996d459dd54dbbcbccd2c76d498d2ea98b4d9b');
CREATE VIEW answers AS
    SELECT planned.part, planned.role, planned.feature, item.value, item.agreement, item.question,
        answer.text, said.stance, said.judge, said.reason,
        thought.stance AS thought_stance, thought.judge AS thought_judge,
        answer.prompt_tokens, answer.new_tokens, answer.seconds
    FROM answer JOIN planned ON planned.id = answer.row JOIN item ON item.id = answer.item
    LEFT JOIN judgement said
        ON said.row = answer.row AND said.item = answer.item AND said.aspect = 0
    LEFT JOIN judgement thought
        ON thought.row = answer.row AND thought.item = answer.item AND thought.aspect = 1;
COMMIT;
