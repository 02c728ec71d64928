-- MySQL dump 10.13
CREATE TABLE `channels` (
  `id` bigint NOT NULL,
  `type` bigint,
  `key` longtext,
  `status` bigint,
  `name` varchar(191),
  `models` longtext,
  `group` varchar(64),
  PRIMARY KEY (`id`)
);
INSERT INTO `channels` VALUES (1,1,'canary-of-new-api',1,'openai','gpt-4o','default');
