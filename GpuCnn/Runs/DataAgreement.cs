using System.Globalization;
using System.Text.Json;
using GpuCnn.Engine;
using GpuCnn.Engine.Distributed;

namespace GpuCnn.Runs;

/// <summary>
/// Refuses ranks whose data sets differ: numbers of images, classes, the label of each image, or the content of up to 2,000 evenly spaced
/// images of each split. Where the data lies may differ.
/// </summary>
internal static class DataAgreement
{
    /// <summary>Compares the data sets of all ranks, which call it together. A rank by itself agrees with itself.</summary>
    /// <exception cref="DifferingDataException">
    /// Names the lowest rank that differs from rank 0, what differs, and both values; thrown on all ranks.
    /// </exception>
    /// <exception cref="RankFailedException">A rank cannot read its data set.</exception>
    public static void Check(ImageData data, Communicator ranks)
    {
        if (ranks.IsAlone) return;
        string own = ranks.Together(() => JsonSerializer.Serialize(Facts.Of(data)));
        Facts[] all = [.. ranks.AllGatherTexts(own).Select(text => JsonSerializer.Deserialize<Facts>(text)!)];
        for (int rank = 1; rank < all.Length; rank++)
            if (Difference(all[rank], all[0]) is { } difference)
                throw new DifferingDataException(
                    $"Rank {rank} on {all[rank].Host} has {difference}: all ranks expect the same data set.", rank);
    }

    private static string? Difference(Facts other, Facts first)
    {
        if (other.Training != first.Training)
            return $"{Images(other.Training, "training")} in '{other.Path}', but rank 0 has {Number(first.Training)}";
        if (other.Validation != first.Validation)
            return $"{Images(other.Validation, "validation")} in '{other.Path}', but rank 0 has {Number(first.Validation)}";
        if (other.Classes.Length != first.Classes.Length)
            return $"{other.Classes.Length:N0} classes in '{other.Path}', but rank 0 has {first.Classes.Length:N0}";
        for (int label = 0; label < first.Classes.Length; label++)
            if (other.Classes[label] != first.Classes[label])
                return $"the class '{other.Classes[label]}' in '{other.Path}', but rank 0 has '{first.Classes[label]}' in its place";
        return other.Order == first.Order ? null
            : $"other images, labels or another order in '{other.Path}' (checksum {other.Order}), but rank 0 has checksum {first.Order}";

        static string Images(int count, string part) => $"{Number(count)} {part} {(count == 1 ? "image" : "images")}";

        static string Number(int count) => count == 0 ? "no" : count.ToString("N0", CultureInfo.InvariantCulture);
    }

    /// <summary>What ranks compare.</summary>
    /// <param name="Training">Number of images to train on.</param>
    /// <param name="Validation">Number of images to validate on.</param>
    /// <param name="Order">Hash of the labels of all images and the content of some (<see cref="RunData.OrderOf(ImageData)"/>).</param>
    private sealed record Facts(string Host, string Path, int Training, int Validation, string[] Classes, string Order)
    {
        public static Facts Of(ImageData data) => new(Environment.MachineName, data.Located.Path, data.Training.Count,
            data.Validation?.Count ?? 0, [.. data.Classes], RunData.OrderOf(data));
    }
}

/// <summary>The ranks of a run have different data sets.</summary>
/// <param name="rank">The lowest rank whose data set is not rank 0's.</param>
public sealed class DifferingDataException(string message, int rank) : GpuCnnException(message)
{
    public int Rank { get; } = rank;
}
