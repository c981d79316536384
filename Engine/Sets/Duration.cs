using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace GpuCnn.Engine.Sets;

/// <summary>A time span as people write it: hours, minutes and seconds, as in "2h", "1h30m" or "90s".</summary>
[JsonConverter(typeof(DurationConverter))]
public readonly partial record struct Duration(TimeSpan Time) : ISettingValue
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(3650);

    /// <inheritdoc/>
    public string Expected => "a time above 0 with units, such as 90s, 45m, 2h or 1h30m";

    /// <inheritdoc/>
    public string Placeholder => "TIME";

    /// <inheritdoc/>
    public ISettingValue? Parse(string text)
    {
        Match match = Pattern().Match(text);
        if (!match.Success || text.Length == 0) return null;
        double seconds = 3600 * Number("h") + 60 * Number("m") + Number("s");
        if (seconds > Longest.TotalSeconds) return null;
        var time = TimeSpan.FromSeconds(seconds);
        return time > TimeSpan.Zero ? new Duration(time) : (ISettingValue?)null;

        double Number(string unit) => match.Groups[unit] is { Success: true } group
            ? double.Parse(group.ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture) : 0;
    }

    /// <summary>"1h30m"</summary>
    public override string ToString()
    {
        long hours = (long)Time.TotalHours;
        double seconds = (Time - TimeSpan.FromHours(hours) - TimeSpan.FromMinutes(Time.Minutes)).TotalSeconds;
        string text = $"{(hours > 0 ? $"{hours}h" : "")}{(Time.Minutes > 0 ? $"{Time.Minutes}m" : "")}";
        return seconds > 0 || text.Length == 0 ? string.Create(CultureInfo.InvariantCulture, $"{text}{seconds:0.#######}s") : text;
    }

    [GeneratedRegex(@"\A(?:(?<h>[0-9]{1,9}(?:\.[0-9]{1,9})?)h)?(?:(?<m>[0-9]{1,9}(?:\.[0-9]{1,9})?)m)?"
        + @"(?:(?<s>[0-9]{1,9}(?:\.[0-9]{1,9})?)s)?\z")]
    private static partial Regex Pattern();
}

/// <summary>Writes durations as their text.</summary>
internal sealed class DurationConverter : JsonConverter<Duration>
{
    public override Duration Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && default(Duration).Parse(reader.GetString()!) is Duration duration ? duration
            : throw new JsonException("a time is not as in 2h, 45m or 1h30m");

    public override void Write(Utf8JsonWriter writer, Duration value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}
