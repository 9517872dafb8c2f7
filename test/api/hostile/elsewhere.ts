/** Exports that have no calls in these suites, and why. A name that is gone, or has calls here, fails the test. */
const OPS = "ops, tensors, scopes and backends have suites of their own";
const ERROR = "errors are made by this package, and their arguments are its own texts";
const NOTHING = "takes no argument";
const NOT_MADE = "is not made with new: the constructor is private or abstract";

const names = (reason: string, list: string) =>
  list
    .trim()
    .split(/\s+/)
    .map((name) => [name, reason] as const);

export const ELSEWHERE: Readonly<Record<string, string>> = Object.fromEntries([
  ...names(
    OPS,
    `checkGradients profiled createNativeBackend createReferenceBackend createWasmBackend defaultBackend ids
    loadWasmBackend scope setDefaultBackend tensor zeros Tensor Tensor#view Tensor#read Tensor#readIntsSync Tensor#write
    Tensor#keep Tensor#detach Tensor#dispose
    recurrent BoundWeights BoundWeights#forward BoundWeights#backward BoundWeights#keep BoundWeights#dispose
    BoundWeights#began BoundWeights#roomForParts BoundWeights#remember
    freeze isParameter parameter parameters unfreeze noGradient
    sigmoid tanh broadcastTo concat split conv2d dropout add div maximum minimum mul sub checkIds embedding abs clamp exp
    log neg pow relu softplus sqrt square gatherRows layerNorm linear matmul pad permute transpose avgPool2d maxPool2d
     additiveAttention dotAttention bindAdditiveMemory bindDotMemory argmax equal randomNormal
    max mean sum reshape reverse slice logSoftmax softmax splitRows stopGradient takeAlong select stack swapAxes unstack
    where`,
  ),
  ...names(
    ERROR,
    `UnrolledError UnrolledError#inContext InputError ShapeError StaleTensorError ScopeError OutOfMemoryError FormatError
    LockError StorageError DivergenceError ReplicaError BinaryContentError BinaryContentError#inContext
    CheckpointVersionError CheckpointVersionError#inContext`,
  ),
  ...names(
    NOTHING,
    `Turns#take Sha256#bytes Rng#words Rng#uniform Rng#normal ForwardStream#reset ForwardStream#dispose Stream#reset Stream#dispose GRUCell#bind
    LSTMCell#bind RNNCell#bind RecurrentLayer#bind RecurrentState#detach RecurrentState#keep RecurrentState#dispose
    BpeTokenizer#toJSON Vocabulary#toJSON WordTokenizer#toJSON LineVocabulary#toJSON CorpusBuilder#end
    CorpusBuilder#discard LabelledLinesBuilder#end
    ReplicaGroup#evaluate ReplicaGroup#collectCarried ReplicaGroup#dispose RunStore#readRunJson RunStore#readMetrics
    RunStore#latestCheckpoint RunStore#bestCheckpoint RunStore#bestOrLatestCheckpoint RunStore#remove RunStore#bestLoss RunStore#checkpointSteps RunStore#close`,
  ),
  ...names(NOT_MADE, "RecurrentLayer ReplicaGroup RunStore"),
]);
