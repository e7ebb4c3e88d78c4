-- Run once, when the database server starts on an empty volume: Label Studio keeps its tables apart.
CREATE DATABASE labelstudio;
