using System.Reflection;
using System.Text.Json.Serialization;

namespace GpuCnn.Engine.Sets;

/// <summary>
/// The values of an enum by the names that options and files have for them: each value has a
/// <see cref="JsonStringEnumMemberNameAttribute"/>.
/// </summary>
internal static class EnumNames
{
    public static IReadOnlyList<string> Of(Type type) => [.. Fields(type).Select(NameOf)];

    /// <summary>Returns a value's name; a number where the enum has no such value.</summary>
    public static string Of(Enum value) => value.GetType().GetField(value.ToString()) is { } field ? NameOf(field) : value.ToString();

    /// <summary>Finds a value, in letters of any case; null if there is none of the name.</summary>
    public static object? Parse(Type type, string name) =>
        Fields(type).FirstOrDefault(field => NameOf(field).Equals(name, StringComparison.OrdinalIgnoreCase))?.GetValue(null);

    /// <summary>Names in words: "fp32, tf32 or bf16".</summary>
    public static string Usage(Type type)
    {
        IReadOnlyList<string> names = Of(type);
        return $"{string.Join(", ", names.SkipLast(1))} or {names[^1]}";
    }

    private static FieldInfo[] Fields(Type type) => type.GetFields(BindingFlags.Public | BindingFlags.Static);

    private static string NameOf(FieldInfo field) => field.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()!.Name;
}
