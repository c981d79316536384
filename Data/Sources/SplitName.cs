namespace GpuCnn.Data;

/// <summary>The purpose of images, according to the name of their folder or file.</summary>
/// <param name="IsTraining">Whether they are for training.</param>
/// <param name="Rank">Among several validation sets, the lowest is used.</param>
internal readonly record struct SplitName(bool IsTraining, int Rank)
{
    private static readonly string[] Training = ["train", "training"];

    /// <summary>In order of preference: a test set is for validation only if there is nothing else.</summary>
    private static readonly string[] Validation = ["val", "valid", "validation", "dev", "eval", "evaluation", "test", "testing"];

    private static readonly int FirstTest = Array.IndexOf(Validation, "test");

    /// <summary>Words that add no meaning: "test_set", "train-images".</summary>
    private static readonly string[] Suffixes = ["set", "data", "images", "split"];

    /// <summary>The purpose, if the whole name of a folder is one: "train", "Testing", "test_set".</summary>
    public static SplitName? OfFolder(string path)
    {
        string name = new([.. Path.GetFileName(path).ToLowerInvariant().Where(c => c is not ('_' or '-' or ' ' or '.'))]);
        foreach (string suffix in Suffixes)
            if (name.Length > suffix.Length && name.EndsWith(suffix, StringComparison.Ordinal)
                && Find(name[..^suffix.Length]) is { } found) return found;
        return Find(name);
    }

    /// <summary>The first word of a file's name that is a purpose: "train-00000-of-00005.parquet", "imagenet-val-000012.tar".</summary>
    public static SplitName? OfFile(string path)
    {
        string name = Path.GetFileName(path).ToLowerInvariant();
        int start = 0;
        for (int i = 0; i <= name.Length; i++)
        {
            if (i < name.Length && char.IsAsciiLetter(name[i])) continue;
            if (i > start && Find(name[start..i]) is { } found) return found;
            start = i + 1;
        }
        return null;
    }

    /// <summary>Whether it is a test set, which is for validation only if there is nothing else.</summary>
    public bool IsTest => !IsTraining && Rank >= FirstTest;

    /// <summary>
    /// Divides items into those for training, those for validation, those for a final test, and others, which are not used. Items without
    /// a purpose are for training. If there is nothing else to validate on, the items for a test are for validation too.
    /// </summary>
    public static (T[] Training, T[] Validation, T[] Test, T[] Others) Divide<T>(IEnumerable<(T Item, SplitName? Name)> items)
    {
        (T Item, SplitName? Name)[] all = [.. items];
        int validation = Lowest(_ => true), test = Lowest(name => name.IsTest);
        return (
            [.. all.Where(item => item.Name is null or { IsTraining: true }).Select(item => item.Item)],
            [.. Of(rank => rank == validation)],
            [.. Of(rank => rank == test)],
            [.. Of(rank => rank != validation && rank != test)]);

        int Lowest(Func<SplitName, bool> accepts) => all.Select(item => item.Name).OfType<SplitName>()
            .Where(name => !name.IsTraining && accepts(name)).Select(name => name.Rank).DefaultIfEmpty(-1).Min();

        IEnumerable<T> Of(Func<int, bool> accepts) =>
            all.Where(item => item.Name is { IsTraining: false } name && accepts(name.Rank)).Select(item => item.Item);
    }

    private static SplitName? Find(string word)
    {
        int rank = Array.IndexOf(Training, word);
        if (rank >= 0) return new SplitName(true, rank);
        rank = Array.IndexOf(Validation, word);
        return rank >= 0 ? new SplitName(false, rank) : null;
    }
}
