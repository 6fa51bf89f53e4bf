using System.Text.Json.Serialization;

namespace ImmichMl.Tests.Cli;

[JsonSerializable(typeof(float[]))]
sealed partial class CliJson : JsonSerializerContext;
