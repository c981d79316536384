using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using GpuCnn.Engine.Sets;

namespace GpuCnn.Engine.Losses;

/// <summary>Weights of the classes in a loss: numbers, or balanced ones, which follow from the sizes of the classes.</summary>
/// <param name="Numbers">A number of 0 or more for each class; null is balanced.</param>
[JsonConverter(typeof(ClassWeightsConverter))]
public readonly record struct ClassWeights(IReadOnlyList<float>? Numbers) : ISettingValue
{
    private const string Word = "balanced";

    /// <summary>Weights in inverse proportion to the number of images, so that all classes count alike.</summary>
    public static ClassWeights Balanced => default;

    /// <inheritdoc/>
    public string Expected => $"{Word}, or numbers of 0 or more for the classes, in their order and not all 0";

    /// <inheritdoc/>
    public string Placeholder => $"{Word}|X,Y,...";

    /// <summary>
    /// Returns a weight for each class. Balanced ones are n / (k n_c) for n images in k classes that have images, n_c in this class, as
    /// scikit-learn's; a class without images gets 0. Numbers are scaled so that their mean over the n images is 1, which balanced ones
    /// have: the learning rate then means what it means without weights, and the mean over all images is the one that PyTorch's
    /// CrossEntropyLoss divides by the sum of weights.
    /// </summary>
    /// <param name="images">Images of each class.</param>
    /// <exception cref="GpuCnnException">There are more or fewer numbers than classes, or those of classes with images are 0.</exception>
    public IReadOnlyList<float> For(IReadOnlyList<int> images)
    {
        double all = images.Sum(count => (double)count);
        if (Numbers is not { } numbers)
        {
            int classes = images.Count(count => count > 0);
            return [.. images.Select(count => count == 0 ? 0 : (float)(all / ((double)classes * count)))];
        }
        if (numbers.Count != images.Count)
            throw new GpuCnnException(
                $"Class weights expect a number for each of the {images.Count} classes, in their order, but got {numbers.Count}.");
        double sum = numbers.Zip(images).Sum(pair => (double)pair.First * pair.Second);
        if (sum == 0) throw new GpuCnnException("Class weights expect a number above 0 for a class that has images, but got only 0.");
        return [.. numbers.Select(number => (float)(number * all / sum))];
    }

    /// <inheritdoc/>
    public ISettingValue? Parse(string text)
    {
        if (text == Word) return Balanced;
        var numbers = new List<float>();
        foreach (string part in text.Split(','))
        {
            if (!float.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out float number) || !IsWeight(number)) return null;
            numbers.Add(number);
        }
        return numbers.Any(number => number > 0) ? new ClassWeights(numbers) : (ISettingValue?)null;
    }

    /// <summary>"balanced" or "1,2.5,0.5"</summary>
    public override string ToString() => Numbers is null ? Word
        : string.Join(',', Numbers.Select(number => number.ToString(CultureInfo.InvariantCulture)));

    public bool Equals(ClassWeights other) => ToString() == other.ToString();

    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

    private static bool IsWeight(float number) => float.IsFinite(number) && number >= 0;
}

/// <summary>Writes weights as their text.</summary>
internal sealed class ClassWeightsConverter : JsonConverter<ClassWeights>
{
    public override ClassWeights Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && default(ClassWeights).Parse(reader.GetString()!) is ClassWeights weights ? weights
            : throw new JsonException("the class weights are neither 'balanced' nor numbers of 0 or more");

    public override void Write(Utf8JsonWriter writer, ClassWeights value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}
