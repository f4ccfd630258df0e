"""Reports about the labels of a config and about the results of runs.

===================================  =========================================
module                               answers
===================================  =========================================
``source_labels``                    Which labels does each source have?
``label_report``                     How many are there, and what is wrong?
``leaks``                            Which images do two sources share?
``label_report_files``               Label report as text, JSON and picture.
``split_pool``, ``splits``           How are images divided, and how well?
``split_files``                      A split as tables and as a file.
``run_summary``, ``run_figures``     How good is this run?
``run_facts``, ``run_page``          One page about a run, and a model card.
``collect_facts``                    What the page takes from a runner.
``image_answers``                    What did the model answer, per image?
``wrong_images``, ``activation``     Which images are most wrong, and where?
``predictions``                      What did a test predict?
``comparison``                       Is one model better than another?
``comparison_report``                A comparison as Markdown, JSON, picture.
``thresholds``                       Which answers count as "yes"?
``checkpoint_record``                Which checkpoint gave these results?
``class_relations``                  Which classes are similar?
``relation_figures``                 Heat map, dendrogram and chord diagram.
``figure``                           Canvas, colours and files of figures.
``hooks``                            Reports at the start and end of a run.
===================================  =========================================

Importing a module loads no plotting library and no pandas: a function that
needs one imports it.
"""

from .hooks import LabelReportHook, RunReportHook, RunSummaryHook

__all__ = ['LabelReportHook', 'RunReportHook', 'RunSummaryHook']
