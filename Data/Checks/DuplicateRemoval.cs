using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>Removes duplicate pictures from a data set, by their pixels.</summary>
internal static class DuplicateRemoval
{
    /// <summary>
    /// Returns the data set with each picture once. Validation images stay, and their copies among the training images go. Of equal
    /// training images the first stays if all have the same class; none stays if they belong to several, because their labels contradict
    /// each other.
    /// </summary>
    /// <param name="data">All of its images are decoded.</param>
    /// <param name="progress">Called with the number of images done and the total, from several threads.</param>
    /// <exception cref="GpuCnnException">Nothing is left to train on.</exception>
    public static LocatedDataset Apply(LocatedDataset data, Action<int, int>? progress = null)
    {
        ImageSplit train = data.Train;
        ImageSplit? validation = data.Validation;
        int count = data.Count, done = 0;
        UInt128?[] contents = new UInt128?[count];
        using (ThreadLocal<PictureLooker> lookers = new(() => new PictureLooker(), trackAllValues: true))
        {
            InOrder.Run(count, i =>
            {
                contents[i] = i < train.Count ? lookers.Value!.ContentOf(train, i) : lookers.Value!.ContentOf(validation!, i - train.Count);
                progress?.Invoke(Interlocked.Increment(ref done), count);
            });
            foreach (PictureLooker looker in lookers.Values) looker.Dispose();
        }

        HashSet<UInt128> judged = [];
        int[] validationKept = [.. Enumerable.Range(0, validation?.Count ?? 0).Where(i => contents[train.Count + i] is not { } content
            || judged.Add(content))];
        Dictionary<UInt128, int> labels = [];
        HashSet<UInt128> contradicted = [];
        for (int i = 0; i < train.Count; i++)
            if (contents[i] is { } content && !labels.TryAdd(content, train.Labels[i])
                && labels[content] != train.Labels[i]) contradicted.Add(content);
        HashSet<UInt128> taken = [];
        int[] trainKept = [.. Enumerable.Range(0, train.Count).Where(i =>
            contents[i] is not { } content || (!judged.Contains(content) && !contradicted.Contains(content) && taken.Add(content)))];

        int fewerTraining = train.Count - trainKept.Length, fewerValidation = (validation?.Count ?? 0) - validationKept.Length;
        if (trainKept.Length == 0)
            throw new GpuCnnException($"Data set {DataFile.Quote(data.Path)}: expected training pictures that are neither among those "
                + "for validation nor in several classes, but got none; leave the duplicates in, or give other images.");
        if (fewerTraining + fewerValidation == 0) return data.With(train, validation, "no duplicates");
        return data.With(
            fewerTraining == 0 ? train : new SubsetSplit(train.Description, train, trainKept),
            fewerValidation == 0 ? validation : new SubsetSplit(validation!.Description, validation, validationKept),
            $"{fewerTraining + fewerValidation:N0} {(fewerTraining + fewerValidation == 1 ? "duplicate" : "duplicates")} left out " +
                $"({fewerTraining:N0} training, {fewerValidation:N0} validation)");
    }
}
