using System.Text.Json.Serialization;

namespace ImmichMl.Tests.Daemon;

[JsonSerializable(typeof(float[]))]
sealed partial class CliJson : JsonSerializerContext;
