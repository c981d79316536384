using GpuCnn.Engine;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using GpuCnn.Models;

namespace GpuCnn;

/// <summary>
/// A network with weights, class names and the way images are brought to its input, on a device. It is fitted, judged, asked, saved and
/// loaded. Used by one thread at a time; dispose of it to free the device's memory. A device that it was given stays open.
/// </summary>
public sealed partial class Model : IDisposable
{
    /// <summary>Draws weights that nothing else decides.</summary>
    private const ulong StartSeed = 1;

    private readonly Func<Network> _build;
    private readonly bool _ownsDevice;
    private Network _network;
    private ParameterStore? _store;

    // Weights that no device holds yet, and paths of parameters that are drawn at random although there are weights.
    private IReadOnlyDictionary<string, Tensor>? _weights;
    private IReadOnlyCollection<string> _drawn = [];
    private ulong? _drawnBy;

    // The first of the weights it was given that is not finite.
    private NonFiniteTensor? _nonFinite;

    private Model(Func<Network> build, IReadOnlyList<string> classes, Device? device, bool ownsDevice = false)
    {
        _build = build;
        _network = build();
        Classes = [.. classes];
        if (classes.Count != _network.Output.Shape.Count)
            throw new GpuCnnException(
                $"{_network.Name} has {_network.Output.Shape} outputs, but got {classes.Count} classes; give it an output for each class.");
        _ownsDevice = ownsDevice || device is null;
        Device = device ?? Device.Open();
    }

    /// <summary>Name of the architecture, or of a network of the user's own.</summary>
    public string Name => _network.Name;

    public Network Network => _network;

    /// <summary>Shape of one image as the network gets it.</summary>
    public Shape Input => _network.Input;

    /// <summary>Class names in index order.</summary>
    public IReadOnlyList<string> Classes { get; }

    public Device Device { get; }

    /// <summary>How images become input. Change it to judge or predict another way: it is saved with the weights.</summary>
    public ImagePreparation Preparation { get; set; } = new();

    /// <summary>
    /// How the model computes when it judges and predicts. Fitting has a precision of its own (<see cref="TrainingSettings.Precision"/>),
    /// and explanations are of float32.
    /// </summary>
    public Precision Precision { get; set; }

    /// <summary>The settings that the architecture's recipe trains with.</summary>
    public FitOptions Defaults { get; private init; } = new();

    /// <summary>Path of the weights that it started from; null where they were drawn at random.</summary>
    public string? Source { get; private init; }

    /// <summary>Paths of the parameters that are drawn at random although there are weights: the classes differ.</summary>
    public IReadOnlyList<string> Reinitialized { get; private init; } = [];

    /// <summary>
    /// Whether the weights are those that <see cref="Source"/> and the seed give: another process can begin with the same.
    /// </summary>
    internal bool CanStartAgain { get; private set; } = true;

    internal Recipe Recipe { get; private init; } = new(new());

    internal string RecipeName { get; private init; } = Recipe.Default;

    /// <summary>Images that the weights were validated on; null where that is not known.</summary>
    internal ImageHashes? Validated { get; private set; }

    /// <summary>Images that the weights were trained on, or a part of them; null where that is not known.</summary>
    internal ImageHashes? Trained { get; private set; }

    internal ModelMetadata Metadata => Preparation.ToMetadata(Name, Input, Classes) with { Validated = Validated, Trained = Trained };

    /// <summary>Creates a model of an architecture. Its weights are drawn at random when it is first fitted or asked.</summary>
    /// <param name="architecture">A name such as <c>resnet18</c>; <see cref="Architecture.All"/> has them all.</param>
    /// <param name="classes">Class names in index order.</param>
    /// <param name="device">Where to compute; null opens the best one, for this model alone.</param>
    /// <param name="input">Shape of one image; null is the architecture's own.</param>
    /// <param name="recipe">Decides dropout and starting weights: "default" or "paper".</param>
    /// <exception cref="GpuCnnException">There is no such architecture or recipe, or the input is too small.</exception>
    public static Model Create(
        string architecture, IReadOnlyList<string> classes, Device? device = null, Shape? input = null, string recipe = Recipe.Default) =>
        Create(Architecture.Find(architecture), classes, device, input, recipe);

    /// <summary>Creates a model of a network of one's own, made of layers.</summary>
    /// <param name="layers">The last layer has an output for each class.</param>
    /// <param name="input">Shape of one image, of 1 or 3 channels.</param>
    /// <param name="classes">Class names in index order.</param>
    /// <param name="device">Where to compute; null opens the best one, for this model alone.</param>
    /// <param name="name">Its name in weights files.</param>
    /// <exception cref="GpuCnnException">A layer does not fit its input, or the outputs are not as many as the classes.</exception>
    public static Model Create(
        Layer layers, Shape input, IReadOnlyList<string> classes, Device? device = null, string name = "network") =>
        new(() => new Network(name, layers, input), classes, device);

    /// <summary>Opens a weights file that this library wrote, of an architecture that it knows.</summary>
    /// <param name="weights">Path of the file.</param>
    /// <param name="device">Where to compute; null opens the best one, for this model alone.</param>
    /// <param name="classes">Classes to train for in place of the file's; where they differ, the last layer is drawn at random.</param>
    /// <param name="input">Shape of one image; null is the file's.</param>
    /// <param name="side">Rows and columns of the input, in place of those of <paramref name="input"/>.</param>
    /// <param name="recipe">Decides dropout while training: "default" or "paper".</param>
    /// <exception cref="GpuCnnException">The file cannot be read, or holds an unknown model or one that does not fit.</exception>
    public static Model Load(
        string weights, Device? device = null, IReadOnlyList<string>? classes = null, Shape? input = null, int? side = null,
        string recipe = Recipe.Default)
    {
        ModelFile file = ModelFile.Load(weights);
        if (side is { } pixels) input = Shape.Volume((input ?? file.Metadata.Input).Channels, pixels, pixels);
        Architecture architecture = Architecture.All.FirstOrDefault(known => known.Name == file.Metadata.Model)
            ?? throw new UnknownModelException(
                $"'{weights}' holds weights of '{file.Metadata.Model}', which is none of the known models.", file.Metadata.Model);
        return Create(architecture, classes ?? file.Metadata.Classes, device, input ?? file.Metadata.Input, recipe, file, weights);
    }

    /// <summary>Opens a weights file of a network of one's own.</summary>
    /// <param name="weights">Path of the file.</param>
    /// <param name="layers">The same layers that it was saved from.</param>
    /// <param name="device">Where to compute; null opens the best one, for this model alone.</param>
    /// <exception cref="GpuCnnException">The file cannot be read, or its tensors do not fit the layers.</exception>
    public static Model Load(string weights, Layer layers, Device? device = null)
    {
        ModelFile file = ModelFile.Load(weights);
        ModelMetadata metadata = file.Metadata;
        Network Build() => new(metadata.Model, layers, metadata.Input);
        WeightsFile.Check(Build(), file, weights);
        return new(Build, metadata.Classes, device)
        {
            Preparation = ImagePreparation.Of(metadata),
            Validated = metadata.Validated,
            Trained = metadata.Trained,
            Source = weights,
            _weights = file.Tensors,
        };
    }

    /// <summary>Writes a weights file, whole or not at all.</summary>
    /// <exception cref="GpuCnnException">The file cannot be written.</exception>
    public void Save(string path) => ModelFile.Save(path, Metadata, Weights());

    public void Dispose()
    {
        _store?.Dispose();
        _store = null;
        if (_ownsDevice) Device.Dispose();
    }

    internal static Model Create(
        Architecture architecture, IReadOnlyList<string> classes, Device? device, Shape? input, string recipeName,
        ModelFile? file = null, string? path = null)
    {
        Recipe recipe = architecture.FindRecipe(recipeName);
        IReadOnlyList<string> drawn = file is null || file.Metadata.Classes.SequenceEqual(classes) ? [] : architecture.ClassPaths(input);
        Network Build() => architecture.Build(input, classes.Count, recipe);
        if (file is not null) WeightsFile.Check(Build(), file, path!, drawn);
        return new(Build, classes, device)
        {
            Preparation = file is not null ? ImagePreparation.Of(file.Metadata, input) : Prepare(recipe, input ?? architecture.Input),
            Validated = file?.Metadata.Validated,
            Trained = file?.Metadata.Trained,
            Defaults = FitOptions.Of(recipe, input ?? architecture.Input),
            Recipe = recipe,
            RecipeName = recipeName,
            Source = path,
            Reinitialized = drawn,
            _drawn = drawn,
            _weights = file?.Tensors,
        };
    }

    /// <summary>The model of a run, as it was when the run began; it owns the device.</summary>
    internal static Model Resumed(
        Architecture? architecture, Layer? layers, ModelMetadata metadata, Device device, string recipeName, ModelFile? file,
            string? source,
        IReadOnlyList<string> drawn, IReadOnlyList<string> frozen, bool freezesBatchNorm)
    {
        Recipe recipe = architecture?.FindRecipe(recipeName) ?? new(new());
        Network Build() => architecture?.Build(metadata.Input, metadata.Classes.Count, recipe)
            ?? new(metadata.Model, layers!, metadata.Input);
        if (file is not null) WeightsFile.Check(Build(), file, source!, drawn);
        var model = new Model(Build, metadata.Classes, device, ownsDevice: true)
        {
            Preparation = ImagePreparation.Of(metadata),
            Validated = metadata.Validated,
            Trained = metadata.Trained,
            Defaults = FitOptions.Of(recipe, metadata.Input),
            Recipe = recipe,
            RecipeName = recipeName,
            Source = source,
            Reinitialized = drawn,
            _drawn = drawn,
            _weights = file?.Tensors,
        };
        if (frozen.Count > 0) model.Freeze(frozen);
        if (freezesBatchNorm) model.FreezeBatchNorm();
        return model;
    }

    private static ImagePreparation Prepare(Recipe recipe, Shape input) => new()
    {
        Fit = recipe.Fit,
        ResizeTo = recipe.Fit == ImageFit.Resize && recipe.EvaluationScale > 1
            ? (int)MathF.Round(Math.Max(input.Height, input.Width) * recipe.EvaluationScale) : 0,
    };

    /// <summary>The network's tensors, from the host where it has them all.</summary>
    private IEnumerable<KeyValuePair<string, Tensor>> Weights() =>
        _weights is { } held && _drawn.Count == 0 ? Own(held) : Store().ExportWeights();

    /// <summary>The tensors that are the network's: a checkpoint has others too.</summary>
    private IEnumerable<KeyValuePair<string, Tensor>> Own(IReadOnlyDictionary<string, Tensor> tensors) =>
        _network.Parameters.Select(parameter => KeyValuePair.Create(parameter.Path, tensors[parameter.Path]));

    /// <summary>The weights on the device; where they are not there yet, they are loaded or drawn first.</summary>
    internal ParameterStore Store() => _store ??= Fill(training: false, StartSeed);

    /// <summary>The same, for what cannot be computed with weights that are not finite.</summary>
    /// <exception cref="NonFiniteWeightsException">The weights that the model was given are not finite.</exception>
    internal ParameterStore FiniteStore()
    {
        ParameterStore store = Store();
        return _nonFinite is null ? store : throw FiniteOutputs.Refuse(Title, _nonFinite, Source);
    }

    /// <summary>The weights on the device with room for training; gradients and optimizer state begin at zero.</summary>
    /// <param name="seed">Draws what no weights decide.</param>
    internal ParameterStore TrainingStore(ulong seed)
    {
        ToHost();
        if (_drawnBy is { } other && other != seed) CanStartAgain = false;
        return _store = Fill(training: true, seed);
    }

    /// <summary>Moves the weights off the device, so that the network may change.</summary>
    private void ToHost()
    {
        if (_store is null) return;
        _weights = _store.ExportWeights().ToDictionary();
        _store.Dispose();
        _store = null;
    }

    /// <summary>Notes which images a run uses.</summary>
    internal void Use(ImageHashes? validated, ImageHashes? trained) => (Validated, Trained) = (validated, trained);

    /// <summary>Notes that training has changed the weights.</summary>
    internal void Fitted()
    {
        CanStartAgain = false;
        _nonFinite = null;
    }

    private ParameterStore Fill(bool training, ulong seed)
    {
        ParameterStore store = Device.CreateParameters(_network, training);
        _nonFinite = null;
        try
        {
            if (_weights is null || _drawn.Count > 0)
            {
                store.Initialize(seed);
                _drawnBy = seed;
            }
            if (_weights is { } weights)
            {
                foreach (Parameter parameter in _network.Parameters.Where(parameter => !_drawn.Contains(parameter.Path)))
                {
                    store.SetWeights(parameter, weights[parameter.Path]);
                    _nonFinite ??= NonFiniteTensor.Of(parameter.Path, weights[parameter.Path]);
                }
            }
        }
        catch
        {
            store.Dispose();
            throw;
        }
        (_weights, _drawn) = (null, []);
        return store;
    }
}
