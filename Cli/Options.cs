using System.CommandLine;
using System.Globalization;
using GpuCnn.Data;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using GpuCnn.Engine;
using GpuCnn.Models;

namespace GpuCnn.Cli;

/// <summary>Creates options and arguments that check their values while parsing. One that is not given is null.</summary>
internal static class Options
{
    public static Option<string?> Text(string name, string placeholder, string description, Action<string>? check = null) =>
        Checked<string?>(name, placeholder, description, text =>
        {
            if (text.Length == 0) throw new UsageException($"{name} expects {placeholder}, but got nothing.");
            check?.Invoke(text);
            return text;
        });

    public static Option<int?> Whole(string name, string description, int minimum = 1, int maximum = int.MaxValue) =>
        Checked<int?>(name, "N", description, text =>
            int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) && value >= minimum
                && value <= maximum
                ? value
                : throw new UsageException($"{name} expects a whole number {Range(minimum, maximum)}, but got '{text}'."));

    /// <summary>A number for rows and columns alike, or one for each: <c>3</c>, <c>3x5</c>.</summary>
    public static Option<(int Rows, int Columns)?> Pair(string name, string description, int minimum, int maximum) =>
        Checked<(int, int)?>(name, "N|RxS", description, text =>
        {
            int[] sizes = [.. text.Split('x', 'X').Select(part =>
                int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int size) && size >= minimum && size <= maximum
                    ? size : -1)];
            return sizes.Contains(-1) || sizes.Length > 2
                ? throw new UsageException($"{name} expects a whole number {Range(minimum, maximum)}, or rows and columns as in 3x5, "
                    + $"but got '{text}'.")
                : (sizes[0], sizes[^1]);
        });

    public static Option<ulong?> Seed(string description) =>
        Checked<ulong?>("--seed", "N", description,
            text => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value)
            ? value
            : throw new UsageException($"--seed expects a whole number of 0 or more, but got '{text}'."));

    public static Option<float?> Real(string name, string description, Func<float, bool> accepts, string expected) =>
        Checked<float?>(name, "X", description, text =>
            float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out float value) && float.IsFinite(value)
                && accepts(value)
                ? value
                : throw new UsageException($"{name} expects {expected}, but got '{text}'."));

    public static Option<IReadOnlyList<float>?> RealNumbers(string name, string description) =>
        Checked<IReadOnlyList<float>?>(name, "X,Y,Z", description, text =>
        {
            var values = new List<float>();
            foreach (string part in text.Split(','))
            {
                if (!float.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out float value) || !float.IsFinite(value))
                    throw new UsageException($"{name} expects numbers between commas, as in 0.485,0.456,0.406, but got '{text}'.");
                values.Add(value);
            }
            return values;
        });

    /// <summary>Creates an option that may be given several times.</summary>
    public static Option<string[]?> Patterns(string name, string placeholder, string description) => new(name)
    {
        Description = description,
        HelpName = placeholder,
        Arity = ArgumentArity.OneOrMore,
        Validators =
        {
            result =>
            {
                if (result.Tokens.Any(token => token.Value.Length == 0)) result.AddError($"{name} expects {placeholder}, but got nothing.");
            },
        },
    };

    /// <summary>A flag that may be given a value too: <c>--nesterov</c>, <c>--nesterov false</c>.</summary>
    public static Option<string?> Switch(string name, string description, Action<string> check) => new(name)
    {
        Description = description,
        Arity = ArgumentArity.ZeroOrOne,
        CustomParser = result =>
        {
            string value = result.Tokens.Count == 0 ? "true" : result.Tokens[0].Value;
            Report(() => check(value), result.AddError);
            return value;
        },
    };

    public static Option<bool> Flag(string name, string description) => new(name) { Description = description };

    public const string NoMpiName = "--no-mpi";

    /// <summary>An option of every command; <see cref="Program"/> looks for it before a command is read.</summary>
    public static Option<bool> NoMpi => new(NoMpiName)
    {
        Description = "Work alone, whatever launcher has started the process together with others.",
        Recursive = true,
    };

    public static Option<bool> Json => Flag("--json", "Write JSON instead of text.");

    public static Option<Shape?> Input => InputOf("the model's own");

    public static Option<Shape?> InputOf(string fallback) =>
        Checked<Shape?>("--input", "CxHxW", $"Input volume. [default: {fallback}]", text =>
        Shape.TryParse(text, out Shape shape) && !shape.IsVector
            ? shape
            : throw new UsageException($"--input expects channels, height and width as in 3x64x64, but got '{text}'."));

    public static Option<string?> Device =>
        Text("--device", "D", $"Where to compute: {DeviceCatalog.Usage}. [default: {DeviceCatalog.Auto}]", DeviceCatalog.Check);

    /// <param name="what">What is computed in it, as a sentence.</param>
    public static Option<Precision?> Precision(string what) => Checked<Precision?>("--precision", PrecisionNames,
        $"{what} {PrecisionMeaning} [default: {default(Precision).Name()}]", text => ParsePrecision(text, PrecisionWords));

    /// <summary>One or several, between commas.</summary>
    public static Option<IReadOnlyList<Precision>?> PrecisionList(string what) =>
        Checked<IReadOnlyList<Precision>?>("--precision", "P,Q", $"{what} {PrecisionMeaning} [default: {default(Precision).Name()}]",
            text => [.. text.Split(',').Select(part => ParsePrecision(part, $"{PrecisionWords}, or several between commas")).Distinct()]);

    private static string PrecisionNames => string.Join('|', Precisions.All.Select(precision => precision.Name()));

    private static string PrecisionWords => string.Join(", ", Precisions.All.SkipLast(1).Select(precision => precision.Name()))
        + $" or {Precisions.All[^1].Name()}";

    private static string PrecisionMeaning => "tf32 rounds the factors of products, bf16 also stores activations in half the memory; both "
        + "need an NVIDIA GPU of compute capability 8.0.";

    private static Precision ParsePrecision(string text, string expected)
    {
        try
        {
            return Precisions.Parse(text);
        }
        catch (GpuCnnException)
        {
            throw new UsageException($"--precision expects {expected}, but got '{text}'.");
        }
    }

    public static Option<string?> BadImages => Text("--bad-images", "skip|fail",
        $"What becomes of images that cannot be read: left out and named, up to {GpuCnn.Data.BadImages.LargestShare * 100:0.#} % of them, "
            + "or the command stops. [default: skip]", text => ParseBadImages(text));

    public static BadImagePolicy? ParseBadImages(string? text) => text switch
    {
        null => null,
        "skip" => BadImagePolicy.Skip,
        "fail" => BadImagePolicy.Fail,
        _ => throw new UsageException($"--bad-images expects skip or fail, but got '{text}'."),
    };

    public static Option<float?> Mixup(string fallback) =>
        Alpha("--mixup", $"Alpha of mixup, which blends images and their labels in pairs: the paper's for ImageNet is 0.2. {fallback}");

    public static Option<float?> CutMix(string fallback) =>
        Alpha("--cutmix", "Alpha of cutmix, which puts a part of one image on another: the paper's is 1. With --mixup, "
            + $"one of them is drawn for each batch. {fallback}");

    public static Option<string?> Fit(string fallback) =>
        Text("--fit", "pad|resize", $"How images are brought to the input's size. {fallback}", text => ParseFit(text));

    public static ImageFit? ParseFit(string? name) => name switch
    {
        null => null,
        "pad" => ImageFit.Pad,
        "resize" => ImageFit.Resize,
        _ => throw new UsageException($"--fit expects pad or resize, but got '{name}'."),
    };

    public static Option<int?> ResizeTo(string fallback) =>
        Whole("--val-resize", "Pixels that the shorter side of images that are judged is scaled to, before the centre is cropped: "
            + $"256 as in torchvision. {fallback}", maximum: PixelImage.LargestSide);

    public static Option<int?> Crop(string description) => Whole("--crop", description, maximum: 8192);

    /// <summary>Checkpoints that stay; 0 stands for all.</summary>
    public static Option<int?> Keep => Checked<int?>("--keep", "N|all", "Checkpoints that stay, the newest ones. [default: 2]",
        text => text == "all" ? 0
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0 ? number
            : throw new UsageException($"--keep expects a whole number of 1 or more, or all, but got '{text}'."));

    public static Option<bool> NoExif =>
        Flag("--no-exif", "Take images as they are stored, whatever EXIF's orientation says, as torchvision does.");

    public static Option<string?> Model(string description) => Text("--model", "M", description, name => Architecture.Find(name));

    public static Argument<string> ModelArgument => new("MODEL")
    {
        Description = "Name of a model; `gpucnn models` lists them.",
        Validators = { result => Report(() => Architecture.Find(result.GetValueOrDefault<string>()), result.AddError) },
    };

    /// <summary>Whether an option was given on the command line.</summary>
    public static bool IsGiven(this ParseResult parsed, Option option) => parsed.GetResult(option) is { Implicit: false };

    private static Option<float?> Alpha(string name, string description) =>
        Real(name, description, value => value is >= 0 and <= TrainingSettings.LargestAlpha,
            $"a number from 0 to {TrainingSettings.LargestAlpha}");

    public static Option<T> Checked<T>(string name, string placeholder, string description, Func<string, T> parse) => new(name)
    {
        Description = description,
        HelpName = placeholder,
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result =>
        {
            T value = default!;
            Report(() => value = parse(result.Tokens[0].Value), result.AddError);
            return value;
        },
    };

    private static void Report(Action check, Action<string> report)
    {
        try
        {
            check();
        }
        catch (GpuCnnException exception)
        {
            report(Advice.Describe(exception));
        }
    }

    private static string Range(int minimum, int maximum) => maximum == int.MaxValue ? $"of {minimum} or more"
        : $"from {minimum} to {maximum}";
}
