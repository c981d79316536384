using System.Text.Json;
using System.Text.Json.Serialization;

namespace GpuCnn.Engine.Sets;

/// <summary>
/// Writes a member of an open set as its name and its settings, in camel case, and reads it back. Missing settings keep their defaults.
/// </summary>
public sealed class NamedJsonConverter<T> : JsonConverter<T> where T : class, INamed
{
    private const string NameKey = "name";

    /// <exception cref="JsonException">The text is not such an object, or a value is out of range.</exception>
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using JsonDocument document = JsonDocument.ParseValue(ref reader);
        JsonElement element = document.RootElement;
        if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(NameKey, out JsonElement name)
            || name.ValueKind != JsonValueKind.String)
            throw new JsonException($"it has a {Registry<T>.What} without a name");
        try
        {
            T member = Registry<T>.Find(name.GetString()!);
            var values = new Dictionary<string, object?>();
            foreach (JsonProperty property in element.EnumerateObject().Where(property => property.Name != NameKey))
            {
                Setting setting = Settings.Of(member.GetType()).FirstOrDefault(setting => Key(setting) == property.Name)
                    ?? throw new JsonException($"the {Registry<T>.What} {member.Name} has no '{property.Name}'");
                values[setting.Name] = property.Value.ValueKind == JsonValueKind.Null ? null
                    : property.Value.Deserialize(setting.ValueType, options);
            }
            return Settings.With(member, values);
        }
        catch (GpuCnnException exception)
        {
            throw new JsonException(exception.Message, exception);
        }
    }

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        writer.WriteString(NameKey, value.Name);
        foreach (Setting setting in Settings.Of(value.GetType()))
        {
            if (setting.Get(value) is not { } held) continue;
            writer.WritePropertyName(Key(setting));
            JsonSerializer.Serialize(writer, held, setting.ValueType, options);
        }
        writer.WriteEndObject();
    }

    private static string Key(Setting setting) => JsonNamingPolicy.CamelCase.ConvertName(setting.PropertyName);
}
